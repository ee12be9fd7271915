import type { Generation } from '@darkroom/contracts/generation'
import { isPresent } from '../../store/removal-actions.ts'
import type { SelectedOutputs } from './selected-outputs.ts'

/** The selected outputs of one generation. */
export interface SelectedGeneration {
  generation: Generation
  /** Indexes of the outputs, in order. */
  indexes: number[]
  /** Whether nothing of the generation is left beside them. */
  isWhole: boolean
}

/** Groups selected outputs by their generations. */
export function groupByGeneration(selected: SelectedOutputs): SelectedGeneration[] {
  const groups = new Map<string, SelectedGeneration>()
  for (const { generation, index } of selected.values()) {
    const group = groups.get(generation.id) ?? { generation, indexes: [], isWhole: false }
    group.indexes.push(index)
    groups.set(generation.id, group)
  }
  return [...groups.values()].map(({ generation, indexes }) => {
    const present = generation.outputs.filter(isPresent)
    const isWhole = present.every(({ index }) => indexes.includes(index))
    return { generation, indexes: indexes.toSorted((a, b) => a - b), isWhole }
  })
}

/** Sums the sizes of the selected outputs, in bytes; null if one is not known. */
export function sumBytes(selected: SelectedOutputs): number | null {
  return [...selected.values()].reduce<number | null>((sum, { generation, index }) => {
    const bytes = generation.outputs.find(output => output.index === index)?.bytes ?? null
    return sum === null || bytes === null ? null : sum + bytes
  }, 0)
}

/** Returns the ids of a download: of whole generations, and of single outputs as `<id>.<index>`. */
export function toDownloadIds(groups: readonly SelectedGeneration[]): string[] {
  return groups.flatMap(({ generation: { id }, indexes, isWhole }) =>
    isWhole ? [id] : indexes.map(index => `${id}.${index}`),
  )
}
