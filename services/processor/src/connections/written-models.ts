import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ModelSpec } from '@darkroom/contracts/model'
import { toUndefinedIfMissing } from '@darkroom/infra/runtime/error-code'
import { z } from 'zod'

/**
 * An entry of `DATA_DIR/models.json`: fields that replace those of a model, or, with `like`, those of a new one that is otherwise like
 * another model of the same connection.
 */
const WrittenModel = z.strictObject({
  ...ModelSpec.omit({ connection: true, source: true }).partial().shape,
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}(\/.{1,150})?$/),
  like: z.string().optional(),
  hidden: z.boolean().optional(),
})
const WrittenModels = z.array(WrittenModel).max(500)
export type WrittenModel = z.infer<typeof WrittenModel>

const FILE = 'models.json'
const MAX_BYTES = 1_000_000

/**
 * Reads the models that a user has written; none without the file.
 *
 * @throws Error with the place in the file that is wrong
 */
export async function readWrittenModels(dataDir: string): Promise<WrittenModel[]> {
  const text = await readFile(join(dataDir, FILE), 'utf8').catch(toUndefinedIfMissing)
  if (text === undefined) return []
  if (text.length > MAX_BYTES) throw new Error(`${FILE} is longer than ${MAX_BYTES} bytes`)
  const parsed = WrittenModels.safeParse(parseJson(text))
  if (!parsed.success) throw new Error(`${FILE}: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}

/** Returns the models of a connection with those that a user has written for it. */
export function mergeWrittenModels(
  connection: string,
  models: readonly ModelSpec[],
  written: readonly WrittenModel[],
): ModelSpec[] {
  const own = new Map(written.filter(({ id }) => getConnection(id) === connection).map(entry => [entry.id, entry]))
  const known = new Set(models.map(({ id }) => id))
  const changed = models.map(model => applyEntry(model, own.get(model.id)))
  const added = [...own.values()].flatMap(entry => {
    const model = models.find(({ id }) => id === entry.like)
    return known.has(entry.id) || !model ? [] : [applyEntry({ ...model, name: entry.id }, entry)]
  })
  return [...changed, ...added].filter(({ id }) => own.get(id)?.hidden !== true)
}

function applyEntry(model: ModelSpec, entry: WrittenModel | undefined): ModelSpec {
  if (!entry) return model
  const { like: _, hidden: __, ...fields } = entry
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  return ModelSpec.parse({ ...model, ...given, connection: model.connection, source: 'written' })
}

function getConnection(id: string): string {
  return id.split('/', 1)[0] ?? id
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Error(`${FILE} is not JSON`, { cause })
  }
}
