import { sleep } from '../../src/runtime/timers.ts'
import type { Client } from '../../testing/invariants/client.ts'
import type { Draft } from '../../testing/invariants/client-log.ts'

const INTERVAL_MS = 250
let number = 0

/** Continuous submissions during faults. Disposing of it stops them too, and ignores their errors. */
export interface Load extends AsyncDisposable {
  /** Stops submitting. Resolves when every submission was accepted. */
  stop(): Promise<void>
}

/** Submits one image every 250 ms. Each prompt is used once in a process. */
export function startLoad(client: Client): Load {
  const stopping = new AbortController()
  const submissions: Promise<unknown>[] = []
  const run = async () => {
    while (!stopping.signal.aborted) {
      const submission = client.submit(createImageDraft(`on and on ${number++}`, { numOutputs: 1 }))
      // `stop` reports the error.
      submission.catch(() => {})
      submissions.push(submission)
      await sleep(INTERVAL_MS, stopping.signal)
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

/** Creates a draft of small images by the fake provider. */
export function createImageDraft(prompt: string, parameters: Record<string, unknown> = {}): Draft {
  return { prompt, model: 'fake-image', parameters: { numOutputs: 2, resolution: 512, ...parameters } }
}
