import { nextPaint } from './next-paint.ts'

/** Loads something once, and again after a failure. */
export interface LoadOnce<T> {
  /** Returns what was loaded, undefined until it is there. */
  current(): T | undefined
  request(): Promise<T>
  /** Loads ahead of the use. A failure is not reported: the next request tries again. */
  preload(): Promise<void>
}

/**
 * Creates a loader that shares one load between everything that requests it. What is loaded delays nothing that is to be painted: the
 * rows that request it are shown first.
 */
export function createLoadOnce<T>(load: () => Promise<T>): LoadOnce<T> {
  let loaded: T | undefined
  let loading: Promise<T> | undefined

  async function run(): Promise<T> {
    try {
      await nextPaint()
      loaded = await load()
      return loaded
    } catch (error) {
      loading = undefined
      throw error
    }
  }

  function request(): Promise<T> {
    loading ??= run()
    return loading
  }

  return {
    current: () => loaded,
    request,
    preload: async () => void (await request().catch(() => undefined)),
  }
}
