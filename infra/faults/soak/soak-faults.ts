import { jobSubject } from '@darkroom/contracts/subjects'
import { FAILPOINTS } from '../../src/runtime/failpoint.ts'
import type { BehaviorChange } from '../../testing/fake-provider/behavior.ts'
import type { Random } from '../../testing/random.ts'
import type { FaultService } from '../../testing/studio/fault-service.ts'
import type { TestStack } from '../../testing/studio/test-stack.ts'

/** A fault. `inject` resolves when the fault is over, or when it may continue during the next one. */
export interface SoakFault {
  name: string
  /** Relative frequency. */
  weight: number
  inject(stack: TestStack, random: Random): Promise<void>
}

const JOB_SUBJECT = jobSubject('fake')
const PROCESSOR_FAILPOINTS = FAILPOINTS.filter(
  name => !['before-put', 'after-put', 'before-commit', 'after-commit'].includes(name),
)
const INGEST_FAILPOINTS = ['before-put', 'after-put', 'before-commit', 'after-commit', 'relay-published'] as const

/** Faults of all kinds. Query and every processor but the first are never restarted, so that growth of their memory shows. */
export const SOAK_FAULTS: readonly SoakFault[] = [
  createKillFault('a processor is killed', 6, stack => stack.processor),
  createKillFault('ingest is killed', 3, stack => stack.ingest),
  {
    name: 'a processor is killed at a step',
    weight: 6,
    inject: (stack, random) => restartWithFailpoint(stack.processor, `${random.pick(PROCESSOR_FAILPOINTS)}:kill`),
  },
  {
    name: 'ingest is killed at a step',
    weight: 3,
    inject: ({ ingest }, random) => restartWithFailpoint(ingest, `${random.pick(INGEST_FAILPOINTS)}:kill`),
  },
  {
    name: 'a processor stalls at a step',
    weight: 2,
    inject: (stack, random) => restartWithFailpoint(stack.processor, `${random.pick(PROCESSOR_FAILPOINTS)}:stall`),
  },
  {
    name: 'a processor freezes',
    weight: 4,
    inject: async ({ processors }, random) => {
      const processor = random.pick(processors)
      processor.signal('SIGSTOP')
      await Bun.sleep(500 + random.nextInt(4_500))
      processor.signal('SIGCONT')
    },
  },
  {
    name: 'a service is stopped in order',
    weight: 2,
    inject: ({ processor, ingest }, random) => random.pick([ingest, processor]).restart(),
  },
  {
    name: 'the bus is killed',
    weight: 4,
    inject: async ({ bus }, random) => {
      await bus.kill()
      await Bun.sleep(random.nextInt(2_000))
      await bus.start()
    },
  },
  {
    name: 'the bus freezes',
    weight: 2,
    inject: async ({ bus }, random) => {
      bus.freeze()
      await Bun.sleep(500 + random.nextInt(7_000))
      bus.thaw()
    },
  },
  {
    name: 'the database is killed',
    weight: 2,
    inject: async ({ database }, random) => {
      await database.kill()
      await Bun.sleep(random.nextInt(2_000))
      await database.start()
    },
  },
  {
    name: 'the database ends all sessions',
    weight: 3,
    inject: async ({ sql }) => {
      await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'darkroom-%'`
    },
  },
  createNetworkFault('the line to the bus', 3, ({ proxies }) => proxies.bus),
  createNetworkFault('the line to the database', 3, ({ proxies }) => proxies.database),
  createNetworkFault('the line to the provider', 3, ({ proxies }) => proxies.provider),
  createProviderFault('the provider takes nothing more', {
    submit: { kind: 'status', status: 429, retryAfter: '1', times: 4 },
  }),
  createProviderFault('the provider is busy', { submit: { kind: 'status', status: 503, times: 2 } }),
  createProviderFault('the provider fails after it took it', {
    submit: { kind: 'status', status: 500, taken: true, times: 1 },
  }),
  createProviderFault('the provider cannot be asked', { check: { kind: 'reset', times: 3 } }),
  createProviderFault('the provider has a queue', { queuePosition: 3 }),
  createProviderFault('the provider is slow', { delayMs: 3_000, oneAtATime: true, lookAgainSeconds: 0.5 }),
  createProviderFault('files are cut', {
    files: { '*': { kind: 'truncated', times: 1 }, 1: { kind: 'cut-in-chunks', times: 2 } },
  }),
  createProviderFault('files are away', { files: { 0: { kind: 'status', status: 503, times: 5 } } }),
  createProviderFault('the provider gives fewer', { output: 'fewer' }),
  {
    name: 'messages come again',
    weight: 2,
    inject: async ({ client, busAdmin }, random) => {
      const known = client.log.listAccepted()
      for (let times = 0; times < 10 && known.length > 0; times++) {
        const { generation } = random.pick(known.slice(-50))
        await busAdmin.publish(JOB_SUBJECT, JSON.stringify({ v: 1, type: 'generation.queued', id: generation.id }))
      }
    },
  },
  {
    name: 'messages make no sense',
    weight: 1,
    inject: async ({ busAdmin }, random) => {
      await busAdmin.publish(JOB_SUBJECT, random.bytes(200))
      await busAdmin.publish(JOB_SUBJECT, JSON.stringify({ v: 1, type: 'generation.queued', id: crypto.randomUUID() }))
    },
  },
]

function createKillFault(name: string, weight: number, which: (stack: TestStack) => FaultService): SoakFault {
  return { name, weight, inject: async stack => which(stack).signal('SIGKILL') }
}

/** Restarts a service with a failpoint. It runs on if it never reaches that step. */
async function restartWithFailpoint(service: FaultService, FAIL_AT: string): Promise<void> {
  await service.restart({ FAIL_AT })
}

function createNetworkFault(
  name: string,
  weight: number,
  which: (stack: TestStack) => TestStack['proxies']['bus'],
): SoakFault {
  return {
    name: `${name} is bad`,
    weight,
    inject: async (stack, random) => {
      const proxy = which(stack)
      proxy.setFault(
        random.pick([{ kind: 'latency', milliseconds: 300 }, { kind: 'reset' }, { kind: 'black-hole' }] as const),
      )
      await Bun.sleep(500 + random.nextInt(5_000))
      proxy.setFault({ kind: 'none' })
    },
  }
}

function createProviderFault(name: string, behavior: BehaviorChange): SoakFault {
  return {
    name,
    weight: 1,
    inject: async ({ fake }, random) => {
      await fake.setBehavior(behavior)
      await Bun.sleep(500 + random.nextInt(3_000))
      await fake.resetBehavior()
    },
  }
}
