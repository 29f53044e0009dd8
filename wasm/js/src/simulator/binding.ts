import type { Binding } from "../binding.js";

/** What all classes of the simulator's module have; see `wasm/src/simulator`. */
export interface Raw {
  free(): void;
  reserve(length: number): number;
}

export interface RawSimulation extends Raw {
  create(seed: bigint, flaw: number): void;
  rough(seed: bigint, hasOptions: boolean, hasLateDisks: boolean, flaw: number): void;
  duplicate(): RawSimulation;
  run(steps: number): void;
  heal(): void;
  runAndHeal(steps: number): void;
  withdraw(number: bigint): boolean;
  putOff(number: bigint, byUs: bigint): boolean;
  repeat(number: bigint, byUs: bigint): boolean;
  crash(id: bigint): void;
  restart(id: bigint): void;
  fireTimer(id: bigint): void;
  propose(id: bigint): number;
  transfer(id: bigint, target: bigint): boolean;
  cut(from: bigint, to: bigint): void;
  mend(): void;
  isLinked(from: bigint, to: bigint): boolean;
  traceHash(): bigint;
  nowUs(): bigint;
  violation(): number;
  counts(): number;
  options(): number;
  servers(): number;
  pending(): number;
}

export interface RawScriptWorld extends Raw {
  duplicate(): RawScriptWorld;
  step(): number;
  play(): number;
  servers(): number;
  mail(): number;
  outline(after: bigint): number;
  server(id: bigint): number;
  getCommitStatus(id: bigint, term: bigint, index: bigint): number;
  isCut(from: bigint, to: bigint): boolean;
}

export interface RawNotation extends Raw {
  message(): number;
  action(): number;
  entries(): number;
  config(): number;
  position(): number;
  log(): number;
}

export interface RawChecker extends Raw {
  violation(): number;
  setStored(currentTerm: bigint, hasVoted: boolean, vote: bigint, configLength: number): void;
  checkNode(node: never): void;
  checkSent(to: bigint): void;
  checkStored(entriesLength: number): void;
  checkApplied(id: bigint, applied: bigint, digest: bigint): void;
  checkStatus(term: bigint, index: bigint, status: number): void;
  noteCrash(id: bigint): void;
  commitIndex(): bigint;
}

/** What the generator writes for the simulator's module. */
interface Classes {
  readonly RawNode: Binding["RawNode"];
  readonly RawSimulation: new () => RawSimulation;
  readonly RawScriptWorld: new () => RawScriptWorld;
  readonly RawNotation: new () => RawNotation;
  readonly RawChecker: new () => RawChecker;
}

/** The simulator's module, which has nodes, too. */
export type SimulatorBinding = Binding & Classes;

let binding: SimulatorBinding | undefined;

/** The module is ready. */
export function bindSimulator(classes: Classes, memory: { readonly buffer: unknown }): void {
  binding = { ...classes, memory: memory as Binding["memory"] };
}

/** The module. */
export function simulator(): SimulatorBinding {
  if (binding === undefined) throw new Error("the simulator is not ready");
  return binding;
}
