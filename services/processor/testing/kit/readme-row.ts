import { join } from 'node:path'
import { type ConnectionKind, KIND_INFO } from '@darkroom/contracts/connection-kinds'
import type { ModelSpec } from '@darkroom/contracts/model'
import { countInputs } from '@darkroom/contracts/model-fields'
import { findVariable } from '../../src/connections/environment.ts'

const README = join(import.meta.dirname, '..', '..', '..', '..', 'README.md')

/** Facts that a row of the README's table of providers depends on. */
export interface RowFacts {
  kind: ConnectionKind
  /** The models that the adapter offers at the fake of its provider. */
  models: readonly ModelSpec[]
  /** Whether it reports the cost of a call. */
  reportsCost: boolean
}

/** Formats the row of a provider: what its adapter offers and does, as its models say. */
export function formatReadmeRow({ kind, models, reportsCost }: RowFacts): string {
  const cells = [
    `[${KIND_INFO[kind].name}](docs/providers/${kind}.md)`,
    `\`${findVariable(kind)}\``,
    joinUnique(models.map(model => (model.kind === 'image' ? 'images' : 'video'))),
    formatReferences(models),
    joinUnique(
      models.map(({ resume, price }) => LOST_ANSWER[price.kind === 'free' && resume !== 'own-id' ? 'free' : resume]),
    ),
    joinUnique(models.map(({ cancel }) => CANCELLING[cancel])),
    formatCost(models, reportsCost),
    // The fake speaks what the provider documents: nobody has had an account.
    'no',
  ]
  return `| ${cells.join(' | ')} |`
}

/** Reads the row of a provider from the README; undefined if it has none. */
export async function readReadmeRow(kind: ConnectionKind): Promise<string | undefined> {
  const lines = (await Bun.file(README).text()).split('\n')
  return lines.find(line => line.startsWith(`| [${KIND_INFO[kind].name}](docs/providers/${kind}.md)`))
}

const LOST_ANSWER: Readonly<Record<ModelSpec['resume'] | 'free', string>> = {
  no: 'is told as unknown',
  free: 'is made again, free',
  'by-id': 'is found once its number has arrived, else told as unknown',
  'own-id': 'is found by its id',
}

const CANCELLING: Readonly<Record<ModelSpec['cancel'], string>> = {
  refunds: 'is refunded, or free',
  'if-not-begun': 'is free before it begins',
  billed: 'is billed',
  no: 'is not possible',
}

function formatReferences(models: readonly ModelSpec[]): string {
  const most = Math.max(0, ...models.map(model => countInputs(model, 'reference') + countInputs(model, 'source')))
  const frames = models.some(model => countInputs(model, 'first-frame') > 0)
  const parts = [
    most === 0 ? 'no references' : `up to ${most}`,
    models.some(({ mask }) => mask !== 'none') ? 'a mask' : 'no mask',
    ...(frames ? ['frames of a video'] : []),
  ]
  return parts.join(', ')
}

function formatCost(models: readonly ModelSpec[], reportsCost: boolean): string {
  if (models.every(({ price }) => price.kind === 'free')) return 'nothing'
  const unknown = models.filter(({ price }) => price.kind === 'unknown').length
  const before =
    unknown === 0
      ? 'estimated before'
      : unknown === models.length
        ? 'not known before'
        : 'estimated before, of some not known'
  return reportsCost ? `${before}, as reported after` : before
}

function joinUnique(texts: readonly string[]): string {
  return [...new Set(texts)].toSorted().join('; ')
}
