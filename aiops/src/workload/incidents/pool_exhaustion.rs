//! Every connection of a pool is taken and requests time out waiting for one.

use aiops_domain::{Kind, Source};

use super::super::random::Random;
use super::super::service::{POOL_SIZE, pool_line, service_line};
use super::super::{Label, Lines};
use super::Scene;

pub(super) fn inject(scene: &Scene<'_>, random: &mut Random, lines: &mut Lines) -> Label {
    let host = scene.host;
    for time in random.arrivals(14.0, scene.start, scene.end) {
        let thread = format!("http-nio-8080-exec-{}", random.range(1, 30));
        let waiting = random.range(12, 90);
        let order = random.range(100_000, 999_999);
        let waited = random.range(30_000, 30_020);
        let mut write = |after: i64, level: &str, logger: &str, text: &str| {
            let at = time.plus_millis(after);
            let line = service_line(at, level, &thread, logger, text);
            lines.push(&scene.groups.application, &host.instance, at, line);
        };
        let hibernate = "o.h.engine.jdbc.spi.SqlExceptionHelper";
        write(0, "WARN", hibernate, "SQL Error: 0, SQLState: null");
        write(
            1,
            "ERROR",
            hibernate,
            &format!(
                "HikariPool-1 - Connection is not available, request timed out after {waited}ms (total={POOL_SIZE}, active={POOL_SIZE}, idle=0, waiting={waiting})"
            ),
        );
        write(
            3,
            "ERROR",
            "c.e.orders.OrderController",
            &format!("order {order} failed: unable to acquire JDBC connection"),
        );
    }
    let mut time = scene.start;
    while time < scene.end {
        let waiting = random.range(12, 90);
        lines.push(
            &scene.groups.application,
            &host.instance,
            time,
            pool_line(time, POOL_SIZE, waiting),
        );
        time = time.plus_millis(30_000);
    }
    Label {
        kind: Kind::PoolExhaustion,
        source: Source::Ec2,
        entity: host.instance.to_string(),
        traces_on: Vec::new(),
        start: scene.start,
        end: scene.end,
        actor: None,
    }
}
