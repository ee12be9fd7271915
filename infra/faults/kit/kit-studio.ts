import type { Generation } from '@darkroom/contracts/generation'
import { startProxy, type TcpProxy } from '../../testing/net-proxy.ts'
import {
  checkConnection,
  listModelIds,
  waitForConnection,
  waitForModels,
} from '../../testing/studio/connections-client.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'
import { startTestStack, type TestStack } from '../../testing/studio/test-stack.ts'
import { waitFor } from '../../testing/wait-for.ts'
import type { KitFake, KitSubject } from './kit-subject.ts'

/** A whole studio whose processor has one connection by its environment, to a fake behind a proxy. */
export interface KitStudio extends AsyncDisposable {
  subject: KitSubject
  stack: TestStack
  fake: KitFake
  /** The network to the provider. */
  proxy: TcpProxy
  submit(prompt: string, options?: SubmitOptions): Promise<Generation>
  waitForEnd(id: string): Promise<Generation>
  /** Waits until the provider has received this many submissions. */
  waitForPosts(count: number): Promise<void>
  /** Waits until the costs of all calls of a generation are recorded. @returns their outcomes */
  waitForCosts(id: string): Promise<string[]>
  /** Ends every fault. */
  clearFaults(): void
}

interface SubmitOptions {
  outputs?: number
  model?: string
  references?: readonly string[]
}

const START_MS = 60_000
const END_MS = 90_000
/** Polls until a call is finished, unless a case has another number. */
const POLLS = 1

export async function startKitStudio(subject: KitSubject): Promise<KitStudio> {
  await using disposables = new AsyncDisposableStack()
  const fake = disposables.use(await subject.startFake())
  const proxy = disposables.use(await startProxy(Number(new URL(fake.url).port)))
  const env = subject.createEnv({ url: proxy.urlThrough(fake.url), key: fake.key })
  const stack = disposables.use(await startTestStack({ isDurable: true, env }))
  const { client, sql } = stack
  await waitForModels(client, subject.connection, { milliseconds: START_MS })
  await waitForConnection(client, subject.connection, ({ state }) => state.kind === 'ok', START_MS)
  if (subject.prepare) {
    await subject.prepare({ dataDir: stack.folder })
    await checkConnection(client, subject.connection)
  }
  const models = await listModelIds(client, subject.connection)
  const first = models.find(id => id !== subject.referenceModel) ?? ''
  const parts = disposables.move()
  return {
    subject,
    stack,
    fake,
    proxy,
    submit: (prompt, { outputs = 1, references = [], model = first } = {}) =>
      client.submit({
        prompt,
        model,
        parameters: { numOutputs: outputs, settings: subject.settings },
        referenceImages: [...references],
      }),
    waitForEnd: id => client.waitForGeneration(id, isFinished, END_MS),
    waitForPosts: async count => {
      await waitFor(`Submission ${count}`, END_MS, async () => fake.posts() >= count, 10)
    },
    waitForCosts: async id =>
      await waitFor(`The costs of ${id}`, END_MS, async () => {
        const rows = await sql<
          { outcome: string | null }[]
        >`select outcome from call_costs where generation_id = ${id} order by made_at`
        return rows.every(({ outcome }) => outcome !== null) && rows.map(({ outcome }) => outcome ?? '')
      }),
    clearFaults: () => {
      proxy.setFault({ kind: 'none' })
      fake.setFault(null)
      fake.setPolls?.(POLLS)
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}
