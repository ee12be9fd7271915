/**
 * Preloaded before a service's own code: shifts its clock by `CLOCK_WRONG_MS`, once it has run for `CLOCK_JUMP_AFTER_MS` (at once
 * unless given). The time since the start of the process stays right, as it does where the clock of a machine is set.
 */
const offsetMs = Number(process.env.CLOCK_WRONG_MS ?? 0)
const jumpAfterMs = Number(process.env.CLOCK_JUMP_AFTER_MS ?? 0)
const realNow = Date.now.bind(Date)
const RealDate = Date

const now = () => realNow() + (performance.now() >= jumpAfterMs ? offsetMs : 0)
Date.now = now
globalThis.Date = new Proxy(RealDate, {
  construct: (target, given: [], newTarget) =>
    Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
})
