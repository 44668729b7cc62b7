//! A pod's memory outgrows its limit; it is killed and started again, ever less often. Each says so
//! where it writes on AWS: the program in its own log, the kernel and the kubelet in those of the node.

use aiops_domain::{Kind, Source, Time};

use super::super::containers::{container_line, logger_line};
use super::super::nodes::{push_kubelet, push_system};
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
        for text in [
            "java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=985"
                .to_owned(),
            format!(
                "Memory cgroup out of memory: Killed process {} (java) total-vm:2867340kB, anon-rss:{}kB, file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:2044kB oom_score_adj:985",
                random.range(2_000, 32_000),
                random.range(520_000, 524_288)
            ),
        ] {
            push_system(scene.groups, &pod.node, killed, "kernel", &text, lines);
        }
        let seconds = 10 << restart.min(5);
        push_kubelet(
            scene.groups,
            &pod.node,
            killed.plus_millis(1_000),
            &format!(
                "E pod_workers.go:1324] \"Error syncing pod, skipping\" err=\"failed to \\\"StartContainer\\\" for \\\"{container}\\\" with CrashLoopBackOff: \\\"back-off {seconds}s restarting failed container={container} pod={name}_{namespace}({uid})\\\"\" pod=\"{entity}\" podUID=\"{uid}\"",
                container = pod.container,
                name = pod.name,
                namespace = pod.namespace,
                uid = pod.uid,
                entity = pod.entity(),
            ),
            lines,
        );
        start = killed.plus_millis(pause);
        pause = (pause * 2).min(60_000);
    }
    Label {
        kind: Kind::OomCrashLoop,
        source: Source::Eks,
        entity: pod.entity(),
        traces_on: vec![pod.node.instance.clone()],
        start: scene.start,
        end: scene.end,
        actor: None,
    }
}
