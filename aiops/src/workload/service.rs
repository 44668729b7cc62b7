//! The application log of an EC2 host: a Java order service with a HikariCP connection pool.

use aiops_domain::Time;

use super::random::Random;
use super::topology::{Host, stamp};
use super::{Lines, MINUTE_MILLIS, Period};

/// Connections of the pool.
pub(super) const POOL_SIZE: u64 = 20;

/// A line as Logback's default pattern writes it.
pub(super) fn service_line(
    time: Time,
    level: &str,
    thread: &str,
    logger: &str,
    text: &str,
) -> String {
    format!(
        "{} {level:<5} [{thread}] {logger} - {text}",
        stamp(time, "%Y-%m-%d %H:%M:%S,%3f")
    )
}

/// HikariCP's housekeeper.
pub(super) fn pool_line(time: Time, active: u64, waiting: u64) -> String {
    service_line(
        time,
        "DEBUG",
        "HikariPool-1 housekeeper",
        "com.zaxxer.hikari.pool.HikariPool",
        &format!(
            "HikariPool-1 - Pool stats (total={POOL_SIZE}, active={active}, idle={}, waiting={waiting})",
            POOL_SIZE.saturating_sub(active)
        ),
    )
}

/// A request that was served.
pub(super) fn request_line(random: &mut Random, time: Time) -> String {
    let thread = format!("http-nio-8080-exec-{}", random.range(1, 30));
    let order = random.range(100_000, 999_999);
    let took = random.amount(28.0, 0.5);
    match random.range(0, 10) {
        0..=4 => service_line(
            time,
            "INFO",
            &thread,
            "c.e.orders.OrderController",
            &format!("order {order} read in {took} ms"),
        ),
        5..=7 => service_line(
            time,
            "INFO",
            &thread,
            "c.e.orders.OrderController",
            &format!(
                "order {order} placed by customer {} in {took} ms, total {}.{:02}",
                random.range(1_000, 99_999),
                random.range(5, 900),
                random.range(0, 100)
            ),
        ),
        8 => service_line(
            time,
            "INFO",
            &thread,
            "c.e.orders.InventoryClient",
            &format!("reserved {} items for order {order}", random.range(1, 9)),
        ),
        _ => service_line(
            time,
            "INFO",
            &thread,
            "c.e.orders.PaymentClient",
            &format!("payment of order {order} authorised by gateway in {took} ms"),
        ),
    }
}

fn trouble_line(random: &mut Random, time: Time) -> String {
    let thread = format!("http-nio-8080-exec-{}", random.range(1, 30));
    let order = random.range(100_000, 999_999);
    match random.range(0, 3) {
        0 => service_line(
            time,
            "WARN",
            &thread,
            "c.e.orders.OrderRepository",
            &format!(
                "slow query on table orders took {} ms",
                random.amount(900.0, 0.3)
            ),
        ),
        1 => service_line(
            time,
            "WARN",
            &thread,
            "c.e.orders.PaymentClient",
            &format!("gateway answered 503 for order {order}, retry 1 of 3"),
        ),
        _ => service_line(
            time,
            "WARN",
            &thread,
            "c.e.orders.OrderController",
            &format!("order {order} rejected: card declined"),
        ),
    }
}

/// What the service writes on a quiet day.
pub(super) fn noise(period: &Period<'_>, lines: &mut Lines) {
    let Period {
        topology,
        groups,
        from,
        to,
        ..
    } = *period;
    for host in &topology.hosts {
        let mut random = period.random(&format!("service {}", host.instance));
        let mut write = |host: &Host, time: Time, message: String| {
            lines.push(&groups.application, &host.instance, time, message);
        };
        for time in random.arrivals(22.0, from, to) {
            let message = request_line(&mut random, time);
            write(host, time, message);
        }
        for time in random.arrivals(0.7, from, to) {
            let message = trouble_line(&mut random, time);
            write(host, time, message);
        }
        // The housekeeper runs every 30 seconds, each host at an offset of its own.
        let mut time = from.plus_millis(i64::try_from(random.range(0, 30_000)).unwrap_or(0));
        while time < to {
            let active = random.range(2, 11);
            write(host, time, pool_line(time, active, 0));
            time = time.plus_millis(MINUTE_MILLIS / 2);
        }
    }
}
