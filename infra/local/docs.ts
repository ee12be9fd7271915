import { join } from 'node:path'
import { formatDeployedConfig } from '../src/bus/server-config.ts'
import { readConfig } from '../src/config.ts'
import { ConfigSchema } from '../src/config-schema.ts'
import { SECRET_KEYS } from '../src/secret-files.ts'
import { formatOpenApi, InvalidDescriptionError, OPENAPI_FILE } from './openapi.ts'
import { ROOT } from './root.ts'

const BEGIN_MARKER = '<!-- config:begin -->'
const END_MARKER = '<!-- config:end -->'
const INTERNAL_KEYS: readonly string[] = ['DARKROOM_PARENT_PID']

/** A README without the markers of the configuration table. */
export class MarkerError extends Error {
  override readonly name = 'MarkerError'
}

/**
 * Generates the configuration table of README.md and the whole .env.example from the config schema, and the configuration of the bus
 * in compose from the table of its permissions.
 *
 * @param options `root` of the clone; `shouldWrite` false only compares
 * @returns names of the files that were not current
 * @throws MarkerError if README.md exists and has no markers, or has them in the wrong order
 */
export async function updateDocs({ root, shouldWrite }: { root: string; shouldWrite: boolean }): Promise<string[]> {
  const readme = await readTextIfExists(join(root, 'README.md'))
  const docs = {
    'README.md': insertConfigTable(readme),
    '.env.example': formatExampleEnv(),
    'infra/deploy/nats.conf': formatDeployedConfig(),
  }
  return await updateFiles(docs, { root, shouldWrite })
}

/** Compares files with what they should be, or writes them. @returns names of those that were not current */
async function updateFiles(
  texts: Readonly<Record<string, string>>,
  { root, shouldWrite }: { root: string; shouldWrite: boolean },
): Promise<string[]> {
  const stale: string[] = []
  for (const [name, text] of Object.entries(texts)) {
    if ((await readTextIfExists(join(root, name))) === text) continue
    stale.push(name)
    if (shouldWrite) await Bun.write(join(root, name), text)
  }
  return stale
}

function insertConfigTable(readme: string): string {
  const text = readme === '' ? `# Darkroom\n\n${BEGIN_MARKER}\n${END_MARKER}\n` : readme
  const [begin, end] = [text.indexOf(BEGIN_MARKER), text.indexOf(END_MARKER)]
  if (begin < 0 || end < begin)
    throw new MarkerError(`README.md needs the lines ${BEGIN_MARKER} and ${END_MARKER}, in this order.`)
  return `${text.slice(0, begin + BEGIN_MARKER.length)}\n\n${formatConfigTable()}\n\n${formatSecrets('`')}\n\n${text.slice(end)}`
}

function formatConfigTable(): string {
  const rows = listSettings().map(({ key, value, description }) => [`\`${key}\``, value && `\`${value}\``, description])
  return [['Key', 'Default', 'Meaning'], ['---', '---', '---'], ...rows].map(formatTableRow).join('\n')
}

/** Formats the sentence about secrets in files, which stands for a row of the table each. */
function formatSecrets(quote: string): string {
  const names = SECRET_KEYS.map(key => `${quote}${key}${quote}`).join(', ')
  return `Each secret may be in a file, as Docker and Kubernetes give secrets: name it with ${quote}_FILE${quote} after the key, as ${quote}ENCRYPTION_KEY_FILE=/run/secrets/encryption-key${quote}. Secrets are ${names}.`
}

function formatTableRow(cells: string[]): string {
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function formatExampleEnv(): string {
  const head = '# Every setting with its default. Made by `bun run docs`; copy it to `.env` and change that.\n'
  return (
    `${head}# ${formatSecrets('')}\n` +
    listSettings()
      .map(({ key, value, description }) => `\n# ${description}\n# ${key}=${value}\n`)
      .join('')
  )
}

function listSettings(): { key: string; value: string; description: string }[] {
  const defaults: Record<string, unknown> = readConfig({})
  return Object.entries(ConfigSchema.shape)
    .filter(([key]) => !INTERNAL_KEYS.includes(key))
    .map(([key, { description = '' }]) => ({ key, value: String(defaults[key] ?? ''), description }))
}

async function readTextIfExists(path: string): Promise<string> {
  const file = Bun.file(path)
  return (await file.exists()) ? await file.text() : ''
}

async function main(): Promise<number> {
  const shouldWrite = !process.argv.includes('--check')
  try {
    const options = { root: ROOT, shouldWrite }
    const description = { [OPENAPI_FILE]: await formatOpenApi(ROOT) }
    const stale = [...(await updateDocs(options)), ...(await updateFiles(description, options))]
    if (stale.length === 0) return 0
    process.stdout.write(`${stale.join(' and ')}: ${shouldWrite ? 'renewed' : 'not current, run `bun run docs`'}.\n`)
    return shouldWrite ? 0 : 1
  } catch (error) {
    if (!(error instanceof MarkerError || error instanceof InvalidDescriptionError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}

if (import.meta.main) process.exitCode = await main()
