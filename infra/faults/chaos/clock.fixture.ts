/** Loaded before a service's own code, this puts its clock wrong by as much as its process is told: an hour, say. */
const wrong = Number(process.env.CLOCK_WRONG_MS ?? 0)
const now = Date.now.bind(Date)
const Real = Date

Date.now = () => now() + wrong
globalThis.Date = new Proxy(Real, {
  construct: (target, given: [], made) => Reflect.construct(target, given.length === 0 ? [now() + wrong] : given, made),
})
