import { jobSubject } from '@darkroom/contracts/subjects'
import type { TestStack } from '../../testing/studio/test-stack.ts'
import { pause, type SoakFault } from './soak-fault.ts'

const JOB_SUBJECT = jobSubject('fake')
const SUBMIT_TIMEOUT_MS = 8_000

/** Faults of the bus, the database and the network. */
export const PART_FAULTS: readonly SoakFault[] = [
  {
    name: 'the bus is killed',
    weight: 3,
    inject: async ({ stack: { bus }, random }) => {
      await bus.kill()
      await pause(random, 2_000)
      await bus.start()
    },
  },
  {
    name: 'the bus freezes',
    weight: 2,
    inject: async ({ stack: { bus }, random }) => {
      bus.freeze()
      await Bun.sleep(500 + random.nextInt(7_000))
      bus.thaw()
    },
  },
  {
    name: 'the database is killed',
    weight: 2,
    inject: async ({ stack: { database }, random }) => {
      await database.kill()
      await pause(random, 2_000)
      await database.start()
    },
  },
  ...(['arrived', 'answered'] as const).map(
    (when): SoakFault => ({
      name: `the database is killed when a submission has ${when}`,
      weight: 3,
      inject: async ({ stack: { database, fake }, random }) => {
        await fake.waitForNextSubmit(when, SUBMIT_TIMEOUT_MS).catch(() => {})
        await Bun.sleep(random.pick([0, 0, 5, 20, 100]))
        await database.kill()
        await pause(random, 3_000)
        await database.start()
      },
    }),
  ),
  {
    name: 'the database ends all sessions',
    weight: 3,
    inject: async ({ stack: { sql } }) => {
      await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'darkroom-%'`
    },
  },
  createNetworkFault('the line to the bus', 3, ({ proxies }) => proxies.bus),
  createNetworkFault('the line to the database', 3, ({ proxies }) => proxies.database),
  createNetworkFault('the line to the provider', 3, ({ proxies }) => proxies.provider),
  {
    name: 'messages come again',
    weight: 2,
    inject: async ({ stack: { client, busAdmin }, random }) => {
      const known = client.log.listAccepted().slice(-50)
      for (let times = 0; times < 10 && known.length > 0; times++) {
        const { generation } = random.pick(known)
        await busAdmin.publish(JOB_SUBJECT, JSON.stringify({ v: 1, type: 'generation.queued', id: generation.id }))
      }
    },
  },
  {
    name: 'messages make no sense',
    weight: 1,
    inject: async ({ stack: { busAdmin }, random }) => {
      await busAdmin.publish(JOB_SUBJECT, random.bytes(200))
      await busAdmin.publish(JOB_SUBJECT, JSON.stringify({ v: 1, type: 'generation.queued', id: crypto.randomUUID() }))
    },
  },
]

function createNetworkFault(
  name: string,
  weight: number,
  which: (stack: TestStack) => TestStack['proxies']['bus'],
): SoakFault {
  return {
    name: `${name} is bad`,
    weight,
    inject: async ({ stack, random }) => {
      const proxy = which(stack)
      proxy.setFault(
        random.pick([{ kind: 'latency', milliseconds: 300 }, { kind: 'reset' }, { kind: 'black-hole' }] as const),
      )
      await Bun.sleep(500 + random.nextInt(5_000))
      proxy.setFault({ kind: 'none' })
    },
  }
}
