//! A pod's heap outgrows its limit; it is killed and started again, ever less often.

use aiops_domain::{Kind, Source, Time};

use super::super::containers::{container_line, logger_line};
use super::super::random::Random;
use super::super::{Label, Lines};
use super::Scene;

pub(super) fn inject(scene: &Scene<'_>, random: &mut Random, lines: &mut Lines) -> Label {
    let pod = random.pick(&scene.topology.pods);
    let mut start = scene.start;
    let mut pause = 8_000;
    let mut restart = 0;
    while start.plus_millis(6_000) < scene.end {
        restart += 1;
        let mut write = |at: Time, stream: &str, log: String| {
            lines.push(
                &scene.groups.containers,
                &pod.stream,
                at,
                container_line(pod, at, stream, &log),
            );
        };
        let mut at = start;
        for text in [
            format!(
                "Starting {} v1.14.2 using Java 21.0.4 with PID 1",
                pod.container
            ),
            "Restored 0 sessions, warming caches".to_owned(),
            format!("Started application in {} seconds", random.range(2, 5)),
        ] {
            write(at, "stdout", logger_line(at, "INFO", &text));
            at = at.plus_millis(900);
        }
        for _ in 0..random.range(3, 6) {
            let text = format!(
                "gc overhead: {} ms in full collection, heap {} MiB of 512 MiB",
                random.amount(900.0, 0.2),
                random.range(500, 512)
            );
            write(at, "stdout", logger_line(at, "WARN", &text));
            at = at.plus_millis(350);
        }
        write(
            at,
            "stderr",
            "java.lang.OutOfMemoryError: Java heap space".to_owned(),
        );
        write(
            at.plus_millis(5),
            "stderr",
            "Terminating due to java.lang.OutOfMemoryError: Java heap space".to_owned(),
        );
        let killed = at.plus_millis(150);
        write(
            killed,
            "stderr",
            format!(
                "Memory cgroup out of memory: Killed process {} (java) total-vm:2867340kB, anon-rss:{}kB, file-rss:0kB, shmem-rss:0kB, oom_score_adj:985",
                random.range(2_000, 32_000),
                random.range(520_000, 524_288)
            ),
        );
        write(
            killed.plus_millis(60),
            "stderr",
            format!(
                "container {} in pod {} terminated: reason OOMKilled, exit code 137, restart count {restart}",
                pod.container,
                pod.entity()
            ),
        );
        write(
            killed.plus_millis(1_000),
            "stderr",
            format!(
                "Back-off restarting failed container {} in pod {} (CrashLoopBackOff)",
                pod.container,
                pod.entity()
            ),
        );
        start = killed.plus_millis(pause);
        pause = (pause * 2).min(60_000);
    }
    Label {
        kind: Kind::OomCrashLoop,
        source: Source::Eks,
        entity: pod.entity(),
        start: scene.start,
        end: scene.end,
        actor: None,
    }
}
