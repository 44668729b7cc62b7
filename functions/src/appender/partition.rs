//! What is kept of each partition while a batch is read. Events are deduplicated within a partition,
//! never across: see [`super::assemble`].

use std::collections::BTreeMap;

use aiops_domain::categorise::Placement;
use aiops_domain::envelope::EventRef;
use aiops_domain::segment::Partition;

use super::events::{EnvelopeHead, EventSink};
use super::ndjson::CommonFields;
use super::seen::SeenIds;
use super::segment_lines::SegmentLines;

/// What a partition keeps beside the ids it has seen.
pub(super) trait Content: Default {
    /// A new event.
    fn add(
        &mut self,
        common: &CommonFields,
        head: &EnvelopeHead<'_>,
        event: &EventRef<'_>,
        place: &Placement<'_>,
    );
}

/// Keeps nothing: for who only counts.
impl Content for () {
    fn add(&mut self, _: &CommonFields, _: &EnvelopeHead<'_>, _: &EventRef<'_>, _: &Placement<'_>) {
    }
}

impl Content for SegmentLines {
    fn add(
        &mut self,
        common: &CommonFields,
        head: &EnvelopeHead<'_>,
        event: &EventRef<'_>,
        place: &Placement<'_>,
    ) {
        self.add_line(head.position, |output| {
            common.write_line(output, event, place);
        });
    }
}

/// The partitions of a batch. The one used last is at hand: events come in runs of one hour.
#[derive(Default)]
pub(super) struct Partitions<C> {
    common: CommonFields,
    current: Option<(Partition, Keeping<C>)>,
    others: BTreeMap<Partition, Keeping<C>>,
}

#[derive(Default)]
struct Keeping<C> {
    seen: SeenIds,
    content: C,
}

impl<C: Content> Partitions<C> {
    fn keeping(&mut self, partition: Partition) -> (&CommonFields, &mut Keeping<C>) {
        let is_current = matches!(&self.current, Some((current, _)) if *current == partition);
        if !is_current {
            self.put_back();
        }
        let others = &mut self.others;
        let (_, keeping) = self
            .current
            .get_or_insert_with(|| (partition, others.remove(&partition).unwrap_or_default()));
        (&self.common, keeping)
    }

    fn put_back(&mut self) {
        if let Some((partition, keeping)) = self.current.take() {
            self.others.insert(partition, keeping);
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.others.len() + usize::from(self.current.is_some())
    }

    /// The content of each, in the order of partitions.
    pub(super) fn finish(mut self) -> impl Iterator<Item = (Partition, C)> {
        self.put_back();
        self.others
            .into_iter()
            .map(|(partition, keeping)| (partition, keeping.content))
    }
}

impl<C: Content> EventSink for Partitions<C> {
    fn begin(&mut self, head: &EnvelopeHead<'_>) {
        self.common = CommonFields::of(head);
    }

    fn take(
        &mut self,
        head: &EnvelopeHead<'_>,
        event: &EventRef<'_>,
        place: &Placement<'_>,
    ) -> bool {
        let partition = Partition::of(head.source, place.time);
        let (common, keeping) = self.keeping(partition);
        let is_new = keeping.seen.insert(event.id.raw());
        if is_new {
            keeping.content.add(common, head, event, place);
        }
        is_new
    }
}
