import countVotes from "core:node/candidate.rs/count_votes";
import startElection from "core:node/candidate.rs/start_election";
import standForElection from "core:node/candidate.rs/stand_for_election";
import follow from "core:node/follower.rs/handle_append_entries_call";
import vote from "core:node/follower.rs/handle_request_vote_call";
import heedTerm from "core:node/term.rs/heeds_term";
import { newCluster } from "../engine/acts.js";
import type { Lesson } from "./lesson.js";
import { follows, has } from "./when.js";

export const election: Lesson = {
  name: "election",
  title: "Electing a leader",
  section: "§5.2",
  steps: [
    {
      caption:
        "Five computers, called [[nodes|node]], want to act as one. So that this goes fast, they choose one of them " +
        "to decide: the [[leader]]. They have just been switched on. All of them are [[followers|follower]].",
      plot: newCluster(5, { seed: 11 }),
    },
    {
      caption:
        "The arc around each node is its [[timer]]. It runs down; how long it takes is chosen by chance. Node 5 is " +
        "the first whose timer runs out. It has heard no leader, so it becomes a [[candidate]]: it wants to lead.",
      plot: [has("candidate")],
      nodes: [5],
      speed: 0.05,
      code: { excerpt: startElection, lines: ["RoleState::Candidate("] },
    },
    {
      caption:
        "With it begins [[term]] 1. A term is a time with at most one leader, and each has a number. Node 5 votes " +
        "for itself, writes that on its [[disk]], and asks all others for their [[votes|vote]]: the diamonds.",
      plot: [12_000],
      nodes: [5],
      speed: 0.005,
      code: { excerpt: standForElection, lines: ["votes.insert(self.id)", "call_for_votes"] },
    },
    {
      caption:
        "A node has one vote in each term, and gives it to the first that asks. It writes its vote on its disk before " +
        "it answers: a node that forgot its vote in a crash could vote twice.",
      plot: [14_000],
      nodes: [1, 2, 3, 4],
      speed: 0.005,
      code: { excerpt: vote, lines: ["let is_free", "set_voted_for"] },
    },
    {
      caption:
        "Three of five are a [[majority]]. Any two majorities have a node in common, and that node votes only once. " +
        "So no term has two leaders. With the third vote, node 5 leads: a double circle.",
      plot: [has("leader")],
      nodes: [5],
      part: "majorities",
      speed: 0.005,
      code: { excerpt: countVotes, lines: ["are_majority", "become_leader"] },
    },
    {
      caption:
        "The leader tells the others that it is there, again and again. This is its [[heartbeat]]. Whoever hears it " +
        "starts its timer anew. While heartbeats come, nobody else wants to lead.",
      plot: [110_000],
      nodes: [1, 2, 3, 4],
      code: { excerpt: follow, lines: ["set_election_timeout = true"] },
    },
    {
      caption:
        "Now the leader crashes. No heartbeat comes any more, timers run out, and the first to notice begins the next " +
        "term. Nobody has to find out what happened to node 5: that it is silent is enough.",
      plot: ["crash 5", has("leader")],
      nodes: [5],
      speed: 0.05,
    },
    {
      caption:
        "Node 5 comes back from its disk and hears of term 2. A higher term always wins: node 5 is a follower now. " +
        "This one rule keeps old leaders from doing harm.",
      plot: ["restart 5", follows(5, 2), 20_000],
      nodes: [5],
      code: { excerpt: heedTerm, lines: ["msg.term() > self.current_term", "become_follower"] },
    },
  ],
  exercise: {
    caption: "Your turn: make node 3 the leader.",
    hint: "Choose node 3, in the picture or by its button, and press “Time out now”. Then press Play, and it asks for votes.",
    nodes: [3],
    part: "node-panel",
    code: { excerpt: startElection, lines: ["self.enter_term(", "RoleState::Candidate("] },
    isDone: has("leader", 3),
    done: "Node 3 leads. It began a higher term than all before, a majority voted for it, and the old leader will follow it.",
  },
};
