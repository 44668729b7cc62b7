//! A finding as it is stored: lines are hostile, and an item holds at most 400 KiB.

use aiops_domain::Finding;

/// Bytes of an example line.
const EXAMPLE_BYTES_MAX: usize = 4096;

/// Bytes of a template's text.
const TEMPLATE_BYTES_MAX: usize = 2048;

/// Templates of a finding; those beyond moved the score least.
const TEMPLATES_MAX: usize = 50;

/// The finding with its texts cut to what an item can hold.
pub(super) fn bounded(finding: &Finding) -> Finding {
    let mut finding = finding.clone();
    if let Some(example) = &mut finding.example {
        cut(&mut example.text, EXAMPLE_BYTES_MAX);
    }
    finding.templates.truncate(TEMPLATES_MAX);
    for template in &mut finding.templates {
        cut(&mut template.template, TEMPLATE_BYTES_MAX);
    }
    cut(&mut finding.summary, TEMPLATE_BYTES_MAX);
    finding
}

fn cut(text: &mut String, bytes: usize) {
    text.truncate(text.floor_char_boundary(bytes));
}
