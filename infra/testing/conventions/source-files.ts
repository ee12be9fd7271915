import { dirname, join } from 'node:path'

/** One source file of the repository, as the tests of its conventions see it. */
export interface SourceFile {
  /** From the repository's root. */
  path: string
  source: string
  /** The source without its comments. */
  text: string
  imports: Import[]
}

export interface Import {
  /** The imported file's path from the repository's root, or the name of a package. */
  target: string
  /** Whether nothing of it is left when types are erased. */
  typeOnly: boolean
}

export type Repository = Map<string, SourceFile>

export const ROOT = join(import.meta.dirname, '..', '..', '..')

/** Files that only tests run. */
export const TEST_FILE = /\.test\.tsx?$|\.(component|browser|fixture)\.tsx?$|\/testing\/|\/e2e\//

let repository: Promise<Repository> | undefined

/** Reads every TypeScript file of the repository once, in the order of their paths. */
export function readRepository(): Promise<Repository> {
  repository ??= readAll()
  return repository
}

/** Parses one file. The test of the arrows is left out of the repository: its table of violations is made of import lines. */
export function parseFile(path: string, source: string): SourceFile {
  const text = source.replace(COMMENT, '')
  const statements = [...text.matchAll(STATEMENT)].map(([, , type, from = '']) => ({
    from,
    typeOnly: type !== undefined,
  }))
  const calls = [...text.matchAll(CALL)].map(([, from = '']) => ({ from, typeOnly: false }))
  const imports = [...statements, ...calls].map(({ from, typeOnly }) => ({ target: resolve(path, from), typeOnly }))
  return { path, source, text, imports }
}

/** Returns the path of an import of this repository, or the package's name. */
export function resolve(path: string, from: string): string {
  if (from.startsWith('.')) return join(dirname(path), from)
  const [, workspace = '', rest = ''] = /^@darkroom\/([^/]+)\/?(.*)$/.exec(from) ?? []
  if (workspace === 'infra' && rest.startsWith('testing/')) return `infra/${rest}.ts`
  if (workspace === 'contracts' || workspace === 'infra') return `${workspace}/src/${rest}.ts`
  return workspace === '' ? from : `services/${workspace}/${rest}`
}

async function readAll(): Promise<Repository> {
  const paths = [...new Bun.Glob('{contracts,infra,services,frontend}/**/*.{ts,tsx}').scanSync({ cwd: ROOT })]
  const sources = paths.filter(path => !/node_modules|\/dist\/|\/arrows\.test\.ts$/.test(path)).toSorted()
  const files = sources.map(async path => [path, parseFile(path, await Bun.file(join(ROOT, path)).text())] as const)
  return new Map(await Promise.all(files))
}

// Line by line is enough for formatted code: a statement begins its line, and a quote ends it.
const STATEMENT = /^\s*(import|export)(\s+type\b)?(?:\s+[\w*{][^'"`;=()]*?\bfrom)?\s*['"]([^'"\n]+)['"]/gm
const CALL = /\b(?:import|require)\(\s*['"]([^'"\n]+)['"]/g
const COMMENT = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm
