//! Whole boards in one process: their loops, links, stores and consoles, on a clock that only the test moves on.

#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/nor.rs"]
mod nor;
#[path = "support/random.rs"]
mod random;
#[path = "support/wire.rs"]
mod wire;

use cluster::{Cluster, Shape};

/// Boards with formatted stores, of which the first one has founded a cluster with all.
fn founded(count: usize, seed: u64) -> Cluster {
    let mut cluster = Cluster::new(count, Shape::Ring, seed);
    for id in (2..=count).rev() {
        assert_eq!(cluster.ask(id, "format"), "ok formatting");
    }
    let voters: Vec<String> = (1..=count).map(|id| id.to_string()).collect();
    let found = format!("format {}", voters.join(" "));
    assert_eq!(cluster.ask(1, &found), "ok formatting");
    cluster.wait_from(1, 0, "* node 1 starts", 5_000);
    cluster
}

/// Commits at the leader, whoever that is when it is tried.
fn put(cluster: &mut Cluster, key: &str, value: &str) -> usize {
    for _ in 0..20 {
        let leader = cluster.leader(20_000);
        let answer = cluster.ask(leader, &format!("put {key} {value}"));
        if answer.starts_with("ok ") {
            return leader;
        }
        cluster.run(200);
    }
    panic!("nothing is committed: {:#?}", cluster.lines());
}

fn get(cluster: &mut Cluster, key: &str) -> String {
    for _ in 0..20 {
        let leader = cluster.leader(20_000);
        let answer = cluster.ask(leader, &format!("get {key}"));
        if let Some((value, _)) = answer
            .strip_prefix("ok ")
            .and_then(|it| it.rsplit_once(" in "))
        {
            return value.to_owned();
        }
        cluster.run(200);
    }
    panic!("nothing can be read: {:#?}", cluster.lines());
}

/// Waits until each of these nodes has applied this.
fn wait_applied(cluster: &mut Cluster, ids: &[usize], command: &str) {
    for &id in ids {
        cluster.wait_from(id, 0, command, 20_000);
    }
}

#[test]
fn three_boards_elect_commit_and_go_on_without_the_leader() {
    let mut cluster = founded(3, 1);
    let leader = put(&mut cluster, "colour", "green");
    wait_applied(&mut cluster, &[1, 2, 3], "put colour green");
    let other = leader % 3 + 1;
    let refused = cluster.ask(other, "put colour red");
    assert_eq!(
        refused,
        format!("error this node does not lead: try at node {leader}")
    );
    cluster.power_off(leader);
    let second = put(&mut cluster, "colour", "blue");
    assert_ne!(second, leader);
    cluster.power_on(leader);
    wait_applied(&mut cluster, &[leader], "put colour blue");
    assert_eq!(get(&mut cluster, "colour"), "colour = blue");
}

#[test]
fn what_was_answered_survives_when_all_lose_their_power_at_once() {
    let mut cluster = founded(3, 2);
    for round in 0..8 {
        let value = format!("v{round}");
        put(&mut cluster, "k", &value);
        // At another moment in each round.
        cluster.run(round * 7);
        (1..=3).for_each(|id| cluster.power_off(id));
        cluster.run(20);
        (1..=3).for_each(|id| cluster.power_on(id));
        assert_eq!(get(&mut cluster, "k"), format!("k = {value}"));
    }
}

#[test]
fn five_in_a_ring_commit_over_noisy_wires_and_around_a_cut() {
    let mut cluster = founded(5, 3);
    cluster.bits_per_error = 20_000;
    put(&mut cluster, "a", "1");
    wait_applied(&mut cluster, &[1, 2, 3, 4, 5], "put a 1");
    assert!(
        cluster
            .ask(1, "peers")
            .starts_with("ok config {1,2,3,4,5} voters 1 2 3 4 5 ways 2:")
    );
    cluster.set_cut(1, 2, true);
    put(&mut cluster, "a", "2");
    wait_applied(&mut cluster, &[1, 2, 3, 4, 5], "put a 2");
    // Two cuts divide the ring: three go on, two wait.
    cluster.set_cut(3, 4, true);
    cluster.run(3_000);
    let leader = put(&mut cluster, "a", "3");
    assert!(
        [1, 4, 5].contains(&leader),
        "{leader} cannot have a majority"
    );
    wait_applied(&mut cluster, &[1, 4, 5], "put a 3");
    let from = cluster.line_count(2);
    cluster.type_at(2, "get a");
    cluster.wait_from(2, from, "error ", 10_000);
    cluster.set_cut(1, 2, false);
    cluster.set_cut(3, 4, false);
    wait_applied(&mut cluster, &[2, 3], "put a 3");
    assert_eq!(get(&mut cluster, "a"), "a = 3");
}

#[test]
fn a_board_that_was_off_for_long_gets_a_snapshot() {
    let mut cluster = founded(3, 4);
    put(&mut cluster, "first", "1");
    wait_applied(&mut cluster, &[1, 2, 3], "put first 1");
    cluster.power_off(3);
    for number in 0..120 {
        put(
            &mut cluster,
            &format!("k{}", number % 20),
            &number.to_string(),
        );
    }
    let leader = cluster.leader(5_000);
    assert!(!cluster.ask(leader, "status").contains("snapshot 0/0"));
    cluster.power_on(3);
    put(&mut cluster, "last", "yes");
    wait_applied(&mut cluster, &[3], "put last yes");
    let status = cluster.ask(3, "status");
    assert!(status.contains("settings 22/28"), "{status}");
    assert!(!status.contains("snapshot 0/0"), "{status}");
    // What it has taken is durable.
    (1..=3).for_each(|id| cluster.power_off(id));
    (1..=3).for_each(|id| cluster.power_on(id));
    assert_eq!(get(&mut cluster, "first"), "first = 1");
    assert_eq!(get(&mut cluster, "k19"), "k19 = 119");
}

#[test]
fn boards_are_added_and_removed() {
    let mut cluster = Cluster::new(4, Shape::Ring, 5);
    for id in [2, 3, 4] {
        assert_eq!(cluster.ask(id, "format"), "ok formatting");
    }
    assert_eq!(cluster.ask(1, "format 1 2 3"), "ok formatting");
    cluster.wait_from(1, 0, "* node 1 starts", 5_000);
    put(&mut cluster, "k", "1");
    let leader = cluster.leader(5_000);
    assert_eq!(cluster.ask(leader, "add 4"), "ok the voters are 1 2 3 4");
    wait_applied(&mut cluster, &[4], "put k 1");
    let leader = cluster.leader(5_000);
    assert_eq!(
        cluster.ask(leader, "add 4"),
        "error node 4 is already a voter"
    );
    let gone = leader % 4 + 1;
    let rest = cluster.ask(leader, &format!("remove {gone}"));
    assert!(rest.starts_with("ok the voters are"), "{rest}");
    assert!(!rest.contains(&gone.to_string()), "{rest}");
    cluster.power_off(gone);
    put(&mut cluster, "k", "2");
}

#[test]
fn a_store_is_formatted_only_when_that_is_certain() {
    let mut cluster = Cluster::new(3, Shape::Ring, 6);
    let blank = cluster.ask(1, "put a 1");
    assert_eq!(blank, "error there is no store yet: `format`");
    assert_eq!(cluster.ask(1, "format 1"), "ok formatting");
    cluster.wait_from(1, 0, "* leader of term 1", 5_000);
    assert!(cluster.ask(1, "put a 1").starts_with("ok added at 1/"));
    assert!(
        cluster
            .ask(1, "format")
            .starts_with("error there is something")
    );
    assert!(cluster.ask(1, "get a").starts_with("ok a = 1 in "));
    assert!(
        cluster
            .ask(1, "snapshot")
            .starts_with("ok it is stored in ")
    );
    assert!(
        cluster
            .ask(1, "snapshot")
            .starts_with("error nothing was applied")
    );
    let from = cluster.line_count(1);
    assert_eq!(cluster.ask(1, "format yes"), "ok formatting");
    cluster.wait_from(1, from, "* node 1 starts in term 0 at 0/0", 5_000);
    assert!(
        cluster
            .ask(1, "get a")
            .starts_with("error this node does not lead")
    );
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let story = |seed| {
        let mut cluster = founded(3, seed);
        cluster.bits_per_error = 5_000;
        for number in 0..5 {
            put(&mut cluster, "k", &number.to_string());
        }
        format!("{:?}", cluster.lines())
    };
    let first = story(7);
    assert_eq!(first, story(7));
    assert_ne!(first, story(8));
}
