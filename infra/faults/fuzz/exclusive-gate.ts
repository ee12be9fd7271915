/** Runs tasks side by side, but each exclusive one alone. Those that come later wait for it. */
export interface ExclusiveGate {
  run<T>(options: { isExclusive: boolean }, task: () => Promise<T>): Promise<T>
}

/** Creates a gate. */
export function createExclusiveGate(): ExclusiveGate {
  const running = new Set<Promise<unknown>>()
  let turn: Promise<unknown> = Promise.resolve()
  return {
    run: async ({ isExclusive }, task) => {
      const before = turn
      const { promise, resolve } = Promise.withResolvers<void>()
      turn = promise
      await before
      if (isExclusive) await Promise.allSettled(running)
      const result = task()
      running.add(result)
      void result.finally(() => running.delete(result)).catch(() => {})
      if (isExclusive) void result.finally(resolve).catch(() => {})
      else resolve()
      return await result
    },
  }
}
