/** The events about connections to providers, for the page that shows them. */
export interface ConnectionEvents {
  /** Reports that connections may have changed. */
  emit(): void
  /** Subscribes to the events. @returns a function that unsubscribes */
  subscribe(listener: () => void): () => void
}

/** Creates the events about connections to providers. */
export function createConnectionEvents(): ConnectionEvents {
  const listeners = new Set<() => void>()
  return {
    emit: () => {
      for (const listener of listeners) listener()
    },
    subscribe: listener => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
