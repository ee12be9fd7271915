/** Preloaded before a service's own code: shifts its clock by `CLOCK_WRONG_MS`. */
const offsetMs = Number(process.env.CLOCK_WRONG_MS ?? 0)
const now = Date.now.bind(Date)
const RealDate = Date

Date.now = () => now() + offsetMs
globalThis.Date = new Proxy(RealDate, {
  construct: (target, given: [], newTarget) =>
    Reflect.construct(target, given.length === 0 ? [now() + offsetMs] : given, newTarget),
})
