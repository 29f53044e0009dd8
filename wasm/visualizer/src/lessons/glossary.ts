/** What the words mean, each in two sentences at most. */
export const GLOSSARY: Readonly<Record<string, string>> = {
  "asynchronous storage":
    "A node goes on while its disk is at work. It only keeps back what would promise that something is stored.",
  candidate: "A node that wants to become the leader, and asks the others for their votes.",
  client: "A program that uses the cluster: it gives commands to the leader, and waits for the answer.",
  cluster: "The nodes that work together. To others they look like one computer that never fails.",
  command: "Something that a client wants done, such as “set x to 5”. Raft does not look inside.",
  commit: "An entry is committed as soon as a majority has it for good. From then on it is never lost or changed.",
  configuration: "The list of nodes that belong to the cluster. It is an entry of the log, too.",
  disk: "Where a node writes what it must not forget: its term, its vote and its log. It survives a crash.",
  entry: "One place in the log: a command, the start of a term, or a new configuration.",
  follower: "A node that does as the leader says. It asks for nothing by itself.",
  heartbeat: "A small message by which the leader says that it is still there.",
  "joint consensus":
    "While the members change, a majority of the old ones and a majority of the new ones have to agree.",
  leader: "The one node that decides what comes next in the log. The others copy from it.",
  log: "The list of all commands, in order. Each node has a copy of it.",
  majority: "More than half: two of three, three of five. Any two majorities have a node in common.",
  node: "One computer of the cluster, or one program that runs Raft.",
  partition: "The network is broken in two: nodes on one side hear nothing of those on the other side.",
  "pre-vote": "A question before an election: would you vote for me? It changes nothing, in no node.",
  snapshot: "The result of all commands so far, saved in one piece. The entries before it are not needed any more.",
  "split vote": "Several candidates have got votes, and none of them a majority. Then nobody leads that term.",
  term: "A time with at most one leader. Terms have numbers; a higher one is later, and always wins.",
  timer: "How long a node waits to hear from a leader. Its length is chosen by chance each time.",
  vote: "A node's consent to a leader. It has one vote in each term, and stores it before it says so.",
};
