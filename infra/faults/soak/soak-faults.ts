import { jobSubject } from '@darkroom/contracts/subjects'
import { FAILPOINTS } from '../../src/runtime/failpoint.ts'
import type { Random } from '../../testing/random.ts'
import type { FaultService } from '../../testing/studio/service-process.ts'
import type { Stage } from '../../testing/studio/test-stack.ts'

/** Something that goes wrong. Resolves when it is over, or when it may go on by itself beside what comes next. */
export interface Trouble {
  name: string
  /** How often it comes, beside the others. */
  weight: number
  strike(stage: Stage, random: Random): Promise<void>
}

const LANE = jobSubject('fake')
const BY_PROCESSOR = FAILPOINTS.filter(
  name => !['before-put', 'after-put', 'before-commit', 'after-commit'].includes(name),
)
const BY_INGEST = ['before-put', 'after-put', 'before-commit', 'after-commit', 'relay-published'] as const

/** Query and all processors but the first live through everything, so that it can be seen whether their memory grows. */
export const TROUBLES: readonly Trouble[] = [
  kill('a processor is killed', 6, stage => stage.processor),
  kill('ingest is killed', 3, stage => stage.ingest),
  {
    name: 'a processor is killed at a step',
    weight: 6,
    strike: (stage, random) => fail(stage.processor, `${random.pick(BY_PROCESSOR)}:kill`),
  },
  {
    name: 'ingest is killed at a step',
    weight: 3,
    strike: ({ ingest }, random) => fail(ingest, `${random.pick(BY_INGEST)}:kill`),
  },
  {
    name: 'a processor stalls at a step',
    weight: 2,
    strike: (stage, random) => fail(stage.processor, `${random.pick(BY_PROCESSOR)}:stall`),
  },
  {
    name: 'a processor freezes',
    weight: 4,
    strike: async ({ processors }, random) => {
      const processor = random.pick(processors)
      processor.signal('SIGSTOP')
      await Bun.sleep(500 + random.below(4_500))
      processor.signal('SIGCONT')
    },
  },
  {
    name: 'a service is stopped in order',
    weight: 2,
    strike: ({ processor, ingest }, random) => random.pick([ingest, processor]).restart(),
  },
  {
    name: 'the bus is killed',
    weight: 4,
    strike: async ({ bus }, random) => {
      await bus.kill()
      await Bun.sleep(random.below(2_000))
      await bus.start()
    },
  },
  {
    name: 'the bus freezes',
    weight: 2,
    strike: async ({ bus }, random) => {
      bus.freeze()
      await Bun.sleep(500 + random.below(7_000))
      bus.thaw()
    },
  },
  {
    name: 'the database is killed',
    weight: 2,
    strike: async ({ database }, random) => {
      await database.kill()
      await Bun.sleep(random.below(2_000))
      await database.start()
    },
  },
  {
    name: 'the database ends all sessions',
    weight: 3,
    strike: async ({ sql }) => {
      await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'darkroom-%'`
    },
  },
  onLine('the line to the bus', 3, ({ between }) => between.bus),
  onLine('the line to the database', 3, ({ between }) => between.database),
  onLine('the line to the provider', 3, ({ between }) => between.provider),
  byProvider('the provider takes nothing more', { submit: { kind: 'status', status: 429, retryAfter: '1', times: 4 } }),
  byProvider('the provider is busy', { submit: { kind: 'status', status: 503, times: 2 } }),
  byProvider('the provider fails after it took it', { submit: { kind: 'status', status: 500, taken: true, times: 1 } }),
  byProvider('the provider cannot be asked', { check: { kind: 'reset', times: 3 } }),
  byProvider('the provider has a queue', { queuePosition: 3 }),
  byProvider('the provider is slow', { delayMs: 3_000, oneAtATime: true, lookAgainSeconds: 0.5 }),
  byProvider('files are cut', {
    files: { '*': { kind: 'truncated', times: 1 }, 1: { kind: 'cut-in-chunks', times: 2 } },
  }),
  byProvider('files are away', { files: { 0: { kind: 'status', status: 503, times: 5 } } }),
  byProvider('the provider gives fewer', { output: 'fewer' }),
  {
    name: 'messages come again',
    weight: 2,
    strike: async ({ client, view }, random) => {
      const known = client.log.promised()
      for (let times = 0; times < 10 && known.length > 0; times++) {
        const { promised } = random.pick(known.slice(-50))
        await view.publish(LANE, JSON.stringify({ v: 1, type: 'generation.queued', id: promised.id }))
      }
    },
  },
  {
    name: 'messages make no sense',
    weight: 1,
    strike: async ({ view }, random) => {
      await view.publish(LANE, random.bytes(200))
      await view.publish(LANE, JSON.stringify({ v: 1, type: 'generation.queued', id: crypto.randomUUID() }))
    },
  },
]

function kill(name: string, weight: number, which: (stage: Stage) => FaultService): Trouble {
  return { name, weight, strike: async stage => which(stage).signal('SIGKILL') }
}

/** Begins another life that will not last. One that nothing brings to that step lives on. */
async function fail(service: FaultService, FAIL_AT: string): Promise<void> {
  await service.restart({ FAIL_AT })
}

function onLine(name: string, weight: number, which: (stage: Stage) => Stage['between']['bus']): Trouble {
  return {
    name: `${name} is bad`,
    weight,
    strike: async (stage, random) => {
      const line = which(stage)
      line.set(
        random.pick([{ kind: 'latency', milliseconds: 300 }, { kind: 'reset' }, { kind: 'black-hole' }] as const),
      )
      await Bun.sleep(500 + random.below(5_000))
      line.set({ kind: 'none' })
    },
  }
}

function byProvider(name: string, behaviour: Record<string, unknown>): Trouble {
  return {
    name,
    weight: 1,
    strike: async ({ fake }, random) => {
      await fake.set(behaviour)
      await Bun.sleep(500 + random.below(3_000))
      await fake.behave()
    },
  }
}
