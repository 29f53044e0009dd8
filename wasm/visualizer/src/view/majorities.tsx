import { questions, type Majority } from "../model/majorities.js";
import { view } from "./store.js";

function MajorityRow({ majority }: { majority: Majority }) {
  const { name, voters, have, needed } = majority;
  const isReached = have.length >= needed;
  return (
    <div class="majority">
      <span class="name">{name}</span>
      <span class="pips" aria-hidden="true">
        {voters.map((id) => (
          <span key={id} class={have.includes(id) ? "pip full" : "pip"}>
            {id}
          </span>
        ))}
      </span>
      <span class={isReached ? "count reached" : "count"}>
        {have.length} of {voters.length}, {isReached ? "a majority" : `${needed} needed`}
      </span>
    </div>
  );
}

/** Who is asked what, and how many have said yes; in joint consensus both majorities count. */
export function Majorities() {
  const { servers, moment } = view.value;
  return (
    <div class="majorities">
      {questions(servers, moment.ballots).map(({ who, text, majorities }) => (
        <div key={who} class="question">
          <h3>{text}</h3>
          {majorities.map((majority) => (
            <MajorityRow key={majority.name} majority={majority} />
          ))}
        </div>
      ))}
    </div>
  );
}
