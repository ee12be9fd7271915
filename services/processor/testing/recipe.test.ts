import { expect, test } from 'bun:test'
import { cp, mkdir, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createTestDirectory } from '@darkroom/infra/testing/test-resources'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const COPIED = ['contracts', 'infra', 'services', 'README.md', 'package.json', 'tsconfig.json', 'bunfig.toml']
/** Longer than the limit of other tests: this one copies the repository, and checks the types of all of it. */
const TEST_MS = 480_000
/** The cases of the kit that the toy has outcomes for, and those without a fault. */
const LEAST_CASES = 20

/** A block of code of the recipe: a new file, or lines behind one that is there. */
interface RecipeBlock {
  path: string
  /** The line behind which it is inserted; undefined for a new file. */
  after: string | undefined
  code: string
}

test(
  "a newcomer's provider works: the blocks of the recipe in CONTRIBUTING, in a copy of the repository, pass the types and the kit",
  async () => {
    await using directory = await createTestDirectory()
    const copy = directory.path
    for (const name of COPIED) await cp(join(ROOT, name), join(copy, name), { recursive: true, verbatimSymlinks: true })
    // What tests need is prepared in the folder of the repository.
    for (const name of ['node_modules', '.darkroom']) await symlink(join(ROOT, name), join(copy, name))
    const blocks = parseRecipe(await Bun.file(join(ROOT, 'CONTRIBUTING.md')).text())
    expect(blocks.filter(({ after }) => after === undefined).map(({ path }) => path)).toHaveLength(4)
    for (const block of blocks) await applyBlock(copy, block)
    const kit = await run(copy, [
      process.execPath,
      'test',
      '--timeout',
      '240000',
      './services/processor/src/providers/toy/toy.kit.test.ts',
    ])
    expect(kit.exitCode, kit.text.slice(-4_000)).toBe(0)
    expect(Number(/(\d+) pass/.exec(kit.text)?.[1])).toBeGreaterThanOrEqual(LEAST_CASES)
    const types = await run(copy, [join(ROOT, 'node_modules', '.bin', 'tsc'), '--noEmit'])
    expect(types).toEqual({ exitCode: 0, text: '' })
  },
  TEST_MS,
)

const BLOCK = /^```(?:ts|md) ([\w./-]+\.\w+)(?:, after `(.+)`)?\n([\s\S]*?)^```$/gm

function parseRecipe(text: string): RecipeBlock[] {
  return [...text.matchAll(BLOCK)].map(([, path = '', after, code = '']) => ({ path, after, code }))
}

/** @throws Error if the line is not there, or there several times */
async function applyBlock(copy: string, { path, after, code }: RecipeBlock): Promise<void> {
  const file = join(copy, path)
  if (after === undefined) {
    await mkdir(dirname(file), { recursive: true })
    await Bun.write(file, code)
    return
  }
  const lines = (await Bun.file(file).text()).split('\n')
  const at = lines.indexOf(after)
  if (at === -1 || lines.lastIndexOf(after) !== at) throw new Error(`${path} should have this line once: ${after}`)
  await Bun.write(file, lines.toSpliced(at + 1, 0, code.trimEnd()).join('\n'))
}

async function run(cwd: string, command: string[]): Promise<{ exitCode: number; text: string }> {
  const child = Bun.spawn(command, { cwd, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe', env: process.env })
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { exitCode: await child.exited, text: stdout + stderr }
}
