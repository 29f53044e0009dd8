/** The clock of a chip, in nanoseconds since its power came, with alarms. */
export class Clock {
  nanos = 0;
  /** When the next alarm rings. */
  next = Infinity;
  /** Those that are set, the soonest last. */
  private readonly set: Alarm[] = [];

  createAlarm(ring: () => void): Alarm {
    return new Alarm(this, ring);
  }

  /** Lets time pass; alarms ring at their own time. */
  advance(to: number): void {
    while (this.next <= to) {
      const alarm = this.set.pop();
      this.nanos = this.next;
      this.next = this.set.at(-1)?.time ?? Infinity;
      alarm?.ring();
    }
    this.nanos = to;
  }

  /** For alarms only. */
  insert(alarm: Alarm): void {
    let place = this.set.length;
    while (place > 0 && (this.set[place - 1]?.time ?? 0) <= alarm.time) place -= 1;
    this.set.splice(place, 0, alarm);
    this.next = this.set.at(-1)?.time ?? Infinity;
  }

  /** For alarms only. */
  remove(alarm: Alarm): void {
    const place = this.set.indexOf(alarm);
    if (place < 0) return;
    this.set.splice(place, 1);
    this.next = this.set.at(-1)?.time ?? Infinity;
  }
}

/** Rings once at the time it is set to. */
export class Alarm {
  time = 0;

  constructor(
    private readonly clock: Clock,
    readonly ring: () => void,
  ) {}

  schedule(delay: number): void {
    this.clock.remove(this);
    this.time = this.clock.nanos + Math.max(0, delay);
    this.clock.insert(this);
  }

  cancel(): void {
    this.clock.remove(this);
  }
}
