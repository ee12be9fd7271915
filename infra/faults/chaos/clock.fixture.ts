/** Loaded before a service's own code, this puts its clock wrong by as much as its process is told: an hour, say. */
const offsetMs = Number(process.env.CLOCK_WRONG_MS ?? 0)
const now = Date.now.bind(Date)
const RealDate = Date

Date.now = () => now() + offsetMs
globalThis.Date = new Proxy(RealDate, {
  construct: (target, given: [], newTarget) =>
    Reflect.construct(target, given.length === 0 ? [now() + offsetMs] : given, newTarget),
})
