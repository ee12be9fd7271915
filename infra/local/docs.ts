import { join } from 'node:path'
import { ConfigSchema, readConfig } from '../src/config.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const BEGIN = '<!-- config:begin -->'
const END = '<!-- config:end -->'
const INTERNAL: readonly string[] = ['DARKROOM_PARENT_PID']

/** A README without the place that the table goes to. */
export class MarkerError extends Error {
  override readonly name = 'MarkerError'
}

/**
 * Makes what README.md and .env.example say of the configuration anew, from the schema alone.
 *
 * @param options `root` of the clone; without `mayWrite` nothing is changed
 * @returns the files that were not current
 * @throws MarkerError if there is a README.md that has no place for the table
 */
export async function renewDocs({ root, mayWrite }: { root: string; mayWrite: boolean }): Promise<string[]> {
  const readme = await textOf(join(root, 'README.md'))
  const docs = { 'README.md': withTable(readme), '.env.example': exampleEnvironment() }
  const stale: string[] = []
  for (const [name, text] of Object.entries(docs)) {
    if ((await textOf(join(root, name))) === text) continue
    stale.push(name)
    if (mayWrite) await Bun.write(join(root, name), text)
  }
  return stale
}

function withTable(readme: string): string {
  const text = readme === '' ? `# Darkroom\n\n${BEGIN}\n${END}\n` : readme
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (begin < 0 || end < begin) throw new MarkerError(`README.md needs the lines ${BEGIN} and ${END}, in this order.`)
  return `${text.slice(0, begin + BEGIN.length)}\n\n${configurationTable()}\n\n${text.slice(end)}`
}

function configurationTable(): string {
  const rows = settings().map(({ key, value, meaning }) => [`\`${key}\``, value && `\`${value}\``, meaning])
  return [['Key', 'Default', 'Meaning'], ['---', '---', '---'], ...rows].map(tableRow).join('\n')
}

function tableRow(cells: string[]): string {
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function exampleEnvironment(): string {
  const head = '# Every setting with its default. Made by `bun run docs`; copy it to `.env` and change that.\n'
  return (
    head +
    settings()
      .map(({ key, value, meaning }) => `\n# ${meaning}\n# ${key}=${value}\n`)
      .join('')
  )
}

function settings(): { key: string; value: string; meaning: string }[] {
  const defaults: Record<string, unknown> = readConfig({})
  return Object.entries(ConfigSchema.shape)
    .filter(([key]) => !INTERNAL.includes(key))
    .map(([key, { description = '' }]) => ({ key, value: String(defaults[key] ?? ''), meaning: description }))
}

async function textOf(path: string): Promise<string> {
  const file = Bun.file(path)
  return (await file.exists()) ? await file.text() : ''
}

async function main(): Promise<number> {
  const mayWrite = !process.argv.includes('--check')
  try {
    const stale = await renewDocs({ root: ROOT, mayWrite })
    if (stale.length === 0) return 0
    process.stdout.write(`${stale.join(' and ')}: ${mayWrite ? 'renewed' : 'not current, run `bun run docs`'}.\n`)
    return mayWrite ? 0 : 1
  } catch (error) {
    if (!(error instanceof MarkerError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}

if (import.meta.main) process.exitCode = await main()
