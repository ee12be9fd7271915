import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import type { MediaItem } from '../gallery.ts'

/** More differences than this are not listed. */
const MAX_LISTED = 3
const MAX_VALUE_LENGTH = 24

/** Returns the properties in which an output differs from another one, in words: `seed 4471`, `parent, FLUX.2 pro`. */
export function describeDifference(one: MediaItem, other: MediaItem, modelsById: ReadonlyMap<string, Model>): string {
  if (one.generation.id === other.generation.id) return `picture ${one.index + 1}`
  const [facts, otherFacts] = [listFacts(one, modelsById), listFacts(other, modelsById)]
  const different = [...facts].filter(([name, value]) => otherFacts.get(name) !== value).map(([, value]) => value)
  const relation = relationOf(one.generation, other.generation)
  const listed = [...(relation ? [relation] : []), ...different].slice(0, MAX_LISTED)
  return listed.length > 0 ? listed.join(', ') : `picture ${one.index + 1}`
}

function relationOf(one: Generation, other: Generation): string | undefined {
  if (other.parent?.generationId === one.id) return 'parent'
  return one.createdAt < other.createdAt ? 'earlier' : undefined
}

function listFacts({ generation, output }: MediaItem, modelsById: ReadonlyMap<string, Model>): Map<string, string> {
  const { parameters } = generation
  const model = modelsById.get(generation.model)
  const facts: (readonly [name: string, value: string | undefined])[] = [
    ['model', model?.name ?? generation.model],
    ['seed', parameters.seed === undefined ? undefined : `seed ${parameters.seed}`],
    ['size', output.width === null ? undefined : `${output.width} × ${output.height}`],
    ...Object.entries(parameters.settings ?? {}).map(([name, value]) => {
      const title = model?.settings[name]?.title ?? name
      return [`setting ${name}`, `${title} ${String(value).slice(0, MAX_VALUE_LENGTH)}`] as const
    }),
  ]
  return new Map(facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])))
}
