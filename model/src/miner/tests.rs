//! Tests of the module `miner`.

use proptest::prelude::*;

use super::*;

fn learn(lines: &[&str]) -> Miner {
    let mut miner = TemplateMiner::new(MinerConfig::default()).unwrap();
    for line in lines {
        miner.learn(line);
    }
    miner.freeze()
}

#[test]
fn many_words_in_one_place_are_a_value_and_few_are_not() {
    let users = ["ann", "bob", "cyd", "dan", "eve", "fay"];
    let mut lines: Vec<String> = users
        .iter()
        .map(|user| format!("Invalid user {user} from 10.0.0.1 port 22"))
        .collect();
    lines.extend([
        "VM Paused by hypervisor".into(),
        "VM Resumed by hypervisor".into(),
    ]);
    let miner = learn(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let texts: Vec<&str> = miner.templates().iter().map(|t| t.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "Invalid user <*> from <*> port <*>",
            "VM Paused by hypervisor",
            "VM Resumed by hypervisor"
        ]
    );
    assert_eq!(
        miner.mine("Invalid user zoe from 10.9.9.9 port 1"),
        Mined::Known(0)
    );
}

#[test]
fn an_id_is_a_function_of_the_text_alone() {
    let id = TemplateId::of("request <*> took <*>");
    assert_eq!(id.to_string().len(), 12);
    assert_eq!(id.to_string().parse::<TemplateId>().unwrap(), id);
    assert!("xyz".parse::<TemplateId>().is_err());
    assert!("+00000000000".parse::<TemplateId>().is_err());
    let miner = learn(&["cache miss 1"]);
    let Mined::Unseen(unseen) = miner.mine("request 1 took 2 ms") else {
        panic!("it was never seen");
    };
    assert_eq!((unseen.id, unseen.count), (id, 0));
}

#[test]
fn the_online_answer_is_the_template_as_of_now() {
    let mut miner = TemplateMiner::new(MinerConfig::default()).unwrap();
    let first = miner.mine("request 1 took 2 ms");
    assert_eq!(miner.mine("request 9 took 7 ms"), first);
    assert_eq!(
        miner
            .freeze()
            .template(&first)
            .map(|template| template.count),
        Some(2)
    );
}

#[test]
fn a_flood_of_templates_stays_within_the_bound() {
    let config = MinerConfig {
        patterns_max: 200,
        ..MinerConfig::default()
    };
    let mut miner = TemplateMiner::new(config).unwrap();
    let word = |mut number: u32| {
        let mut word = String::new();
        for _ in 0..6 {
            word.push(char::from(b'a' + (number % 26) as u8));
            number /= 26;
        }
        word
    };
    for _ in 0..50 {
        miner.learn("the statement that everybody knows");
    }
    for number in 0..5_000_u32 {
        let (a, b, c) = (
            number.wrapping_mul(2_654_435_761),
            number * 7919,
            number * 104_729,
        );
        miner.learn(&format!("{} {} {}", word(a), word(b), word(c)));
    }
    let frozen = miner.freeze();
    assert!(frozen.templates().len() <= 200);
    assert!(miner.dropped() > 0);
    assert_eq!(
        frozen.templates()[0].text,
        "the statement that everybody knows"
    );
}

#[test]
fn one_line_no_line_and_the_same_line() {
    assert!(learn(&[]).templates().is_empty());
    assert_eq!(learn(&["x"]).templates()[0].text, "x");
    assert_eq!(learn(&["x"; 100]).templates()[0].count, 100);
    assert_eq!(learn(&["", "   "]).templates()[0].text, "");
}

#[test]
fn an_own_mask_runs_before_the_others() {
    let mut config = MinerConfig::default();
    config.masks.extra.push(crate::mask::ExtraMask {
        pattern: "tenant-[a-z]+".into(),
        replacement: "<*>".into(),
    });
    let mut miner = TemplateMiner::new(config.clone()).unwrap();
    miner.learn("hello tenant-abc");
    assert_eq!(miner.freeze().templates()[0].text, "hello <*>");
    config.masks.extra[0].pattern = "(".into();
    let error = TemplateMiner::new(config).unwrap_err();
    assert_eq!(
        error.to_string(),
        "extra[0].pattern: not a regular expression"
    );
}

fn messages() -> impl Strategy<Value = Vec<String>> {
    let word = prop_oneof![
        "[a-d]{1,2}",
        "[0-9]{1,3}",
        "(10\\.0\\.0\\.[0-9]|/var/[a-c]|k=[0-9a-b]|blk_-?[0-9]{2})",
        any::<String>(),
    ];
    let line = proptest::collection::vec(word, 0..6).prop_map(|words| words.join(" "));
    proptest::collection::vec(line, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(5), cases: 96, ..ProptestConfig::default() })]

    /// Every learnt line has a template of training, whatever the lines and their order; the frozen
    /// form survives its text.
    #[test]
    fn what_was_learnt_is_known(lines in messages(), seed in any::<u64>()) {
        let frozen = learn(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        for line in &lines {
            prop_assert!(matches!(frozen.mine(line), Mined::Known(_)), "{:?}", line);
        }
        let total: u64 = frozen.templates().iter().map(|template| template.count).sum();
        prop_assert_eq!(total, lines.len() as u64);
        let mut shuffled = lines.clone();
        let mut state = seed | 1;
        for index in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(index, (state >> 33) as usize % (index + 1));
        }
        let again = learn(&shuffled.iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert_eq!(again.templates(), frozen.templates());
        let text = serde_json::to_string(&frozen).unwrap();
        let read: Miner = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(read.templates(), frozen.templates());
    }

    /// Hostile text gives bounded templates and no panic.
    #[test]
    fn any_text_is_masked_within_bounds(text in any::<String>(), times in 1_usize..2_000) {
        let line = text.repeat(times);
        let masked = learn(&[]).template_of(&line).text;
        prop_assert!(masked.len() <= 3 * crate::mask::MESSAGE_BYTES_MAX + 16);
        let formats = crate::header::HeaderFormats::learn([line.as_str(), text.as_str()]);
        let (header, message) = formats.split(&line);
        prop_assert!(header.text.len() + message.len() <= line.len());
    }
}
