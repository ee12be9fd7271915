import type { TestStack } from '../../testing/studio/test-stack.ts'

/** Requests that must be answered while a part is gone, and how many were. */
export interface SoakProbe {
  readonly counts: { requests: number; refusals: string[] }
  /** Sends requests until the work is done. Those that `requests` names must be answered by 2xx meanwhile. */
  during(requests: 'reads' | 'reads and submissions', work: () => Promise<void>): Promise<void>
}

const INTERVAL_MS = 150
const READS = ['/api/generations?limit=5', '/api/generations?q=crimson&limit=5'] as const

/** Creates the check of I14: one part never takes the rest. */
export function createProbe(stack: TestStack): SoakProbe {
  const counts = { requests: 0, refusals: [] as string[] }
  const send = async (name: string, request: () => Promise<number>) => {
    const pids = () => [stack.ingest.pid, stack.query.pid].join()
    const before = pids()
    counts.requests++
    const status = await request().catch(() => 0)
    // A refusal counts only while the services that answer are the same: another fault may have killed them.
    if ((status === 0 || status >= 500) && before === pids()) counts.refusals.push(`${name} was answered by ${status}`)
  }
  const read = async () => {
    for (const path of READS) await send(path, async () => (await stack.client.fetch(path)).status)
  }
  const submit = () =>
    send('POST /api/generate', async () => {
      const draft = {
        prompt: `teal ${crypto.randomUUID()}`,
        model: 'fake-bytes',
        parameters: { numOutputs: 1, resolution: 512 },
      }
      return await stack.client.trySubmit(stack.client.log.addSubmission(draft))
    })
  return {
    counts,
    during: async (requests, work) => {
      await prepare(stack, requests)
      const working = work()
      let isOver = false
      void working
        .finally(() => {
          isOver = true
        })
        .catch(() => {})
      while (!isOver) {
        await read()
        if (requests !== 'reads') await submit()
        await Bun.sleep(INTERVAL_MS)
      }
      await working
    },
  }
}

/** Waits until the services that must answer do, and replaces an ingest that is still to die at a failpoint. */
async function prepare({ ingest, query }: TestStack, requests: string): Promise<void> {
  if (requests !== 'reads' && ingest.lives.at(-1)?.failpoint !== undefined) await ingest.restart({}, 'alive')
  await Promise.all([query.waitUntilAlive(), ...(requests === 'reads' ? [] : [ingest.waitUntilAlive()])])
}
