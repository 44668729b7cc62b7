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
