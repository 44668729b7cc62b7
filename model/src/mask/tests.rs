//! Tests of the module `mask`.

use super::*;

fn masked(message: &str) -> String {
    let mut buffer = Masked::default();
    Masks::default().apply(message, &mut buffer);
    buffer.text()
}

#[test]
fn values_become_wildcards_and_words_stay() {
    for (message, expected) in [
        ("Took 19.05 seconds to build.", "Took <*> seconds to build."),
        (
            "served blk_-77247 to /10.0.0.1:50010",
            "served blk_<*> to <*>",
        ),
        ("open host7.example.org:443 now", "open <*> now"),
        ("from db.example.org closed", "from <*> closed"),
        (
            "mapred.task.id is deprecated",
            "mapred.task.id is deprecated",
        ),
        (
            "image e3871ffd-5cd5-4287-bddd-3529f7b59515 ok",
            "image <*> ok",
        ),
        (
            "image a489c868f0c37da93b76227c91bb03908ac0e742 ok",
            "image <*> ok",
        ),
        ("GET https://example.org/a?b=c&d=1 done", "GET <*> done"),
        ("uid=0 euid=12 tty=ssh", "uid=<*> euid=<*> tty=ssh"),
        ("eth0 up, eth12 down", "eth<*> up, eth<*> down"),
        ("at Thu Jul  7 23:06:58 2005", "at <*>"),
        ("May I?", "May I?"),
        ("ids 1 2 3 4 5", "ids <*>"),
        ("mac 00:1a:2b:cc:dd:ee.", "mac <*>."),
        ("addr fe80::1:2 up", "addr <*> up"),
        ("read C:\\Windows\\x.dll (missing)", "read <*> (missing)"),
        ("peer () at", "peer (<*>) at"),
        ("value -17, +5", "value <*>"),
        ("stored 12 KB, 7 MB free", "stored <*> free"),
        ("delete blk_1 blk_2 blk_3", "delete blk_<*>"),
        ("session closed for user ann", "session closed for user <*>"),
        ("check pass; user unknown", "check pass; user unknown"),
        ("rhost=example.com user=root", "rhost=<*> user=root"),
        (
            "\"GET /a/b HTTP/1.1\" 503 17",
            "\"GET <*> HTTP<*>\" <5xx> <*>",
        ),
        ("status: 500, took 3 ms", "status: <5xx>, took <*>"),
        ("status: 200, took 3 ms", "status: <*>, took <*>"),
        ("sent 500 bytes", "sent <*> bytes"),
        ("", ""),
    ] {
        assert_eq!(masked(message), expected, "{message:?}");
    }
}
