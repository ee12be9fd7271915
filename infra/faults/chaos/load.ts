import { sleep } from '../../src/runtime/timers.ts'
import type { Client } from '../../testing/invariants/client.ts'
import type { Draft } from '../../testing/invariants/client-log.ts'

/** People who go on asking for pictures while things go wrong. Disposed of they stop as well, and nobody hears how it went. */
export interface Load extends AsyncDisposable {
  /** Asks for no more. Resolves when everything that was asked for was promised. */
  stop(): Promise<void>
}

/** @param options a submission every so many milliseconds, each with what `draft` gives for its number */
export function startLoad(client: Client, options: { everyMs: number; draft: (number: number) => Draft }): Load {
  const stopping = new AbortController()
  const submissions: Promise<unknown>[] = []
  const run = async () => {
    for (let number = 0; !stopping.signal.aborted; number++) {
      const submission = client.submit(options.draft(number))
      // Whoever stops the load hears of it.
      submission.catch(() => {})
      submissions.push(submission)
      await sleep(options.everyMs, stopping.signal)
    }
  }
  const running = run()
  const stop = async () => {
    stopping.abort()
    await running
    await Promise.all(submissions)
  }
  return { stop, [Symbol.asyncDispose]: () => stop().catch(() => {}) }
}

/** A small picture of the fake provider's. */
export function createImageDraft(prompt: string, parameters: Record<string, unknown> = {}): Draft {
  return { prompt, model: 'fake-image', parameters: { numOutputs: 2, resolution: 512, ...parameters } }
}
