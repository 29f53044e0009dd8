import { BreakIt } from "./break-it.js";
import { Branches } from "./branches.js";
import { ClusterPanel } from "./cluster.js";
import { DialsPanel } from "./dials.js";
import { Feed } from "./feed.js";
import { Flights } from "./flights.js";
import { Header } from "./header.js";
import { LessonPanel } from "./lesson-panel.js";
import { step } from "./lesson-state.js";
import { Logs } from "./logs.js";
import { Majorities } from "./majorities.js";
import { Network } from "./network.js";
import { NodePanel } from "./node-panel.js";
import { Acts } from "./read-only.js";
import { RecordingBar, RecordingPanel } from "./recording.js";
import { OptionsPanel } from "./options.js";
import { Requests } from "./requests.js";
import { Ring } from "./ring.js";
import { ScenarioPanel } from "./scenario.js";
import { SpaceTime } from "./space-time.js";
import { recording } from "./store.js";
import { Transport } from "./transport.js";
import { TryIt } from "./try-it.js";

export function App() {
  return (
    <>
      <Header />
      <main data-look={step.value?.part}>
        {recording.value === undefined ? <LessonPanel /> : <RecordingBar />}
        <div class="stage">
          <section class="card ring-card" aria-label="The cluster">
            <Acts>
              <TryIt />
            </Acts>
            <Ring />
            <Majorities />
          </section>
          <div class="side">
            <NodePanel />
            <Feed />
          </div>
          <Transport />
        </div>
        {recording.value === undefined && <Branches />}
        <SpaceTime />
        <Logs />
        <div class="panels">
          <Flights />
          <Requests />
          <Acts>
            <Network />
            <ClusterPanel />
            <BreakIt />
            <OptionsPanel />
            <DialsPanel />
            <ScenarioPanel />
          </Acts>
          <RecordingPanel />
        </div>
      </main>
      <footer>
        Everything you see is the core that runs on servers and microcontrollers, compiled to WebAssembly; this page
        only moves its messages. Section numbers are those of the Raft paper.
      </footer>
    </>
  );
}
