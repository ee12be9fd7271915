import { type Accessor, createMemo } from 'solid-js'
import type { RowPosition } from './row-virtualizer.ts'

export interface RenderedRowsDeps {
  rowPositions: Accessor<RowPosition[]>
  isFastScrolling: Accessor<boolean>
}

/**
 * Creates the split of the rendered rows into whole rows and cheap ones. Rows that come into view during fast scrolling are
 * rendered cheaply, and become whole once it has ended.
 */
export function createRenderedRows({ rowPositions, isFastScrolling }: RenderedRowsDeps) {
  const keys = createMemo<string[]>(
    before => selectWholeRows({ positions: rowPositions(), isFastScrolling: isFastScrolling(), before }),
    [],
    { equals: isSameList },
  )
  const fastScrollPositions = createMemo(() => rowPositions().filter(({ key }) => !keys().includes(key)))
  const positionByKey = createMemo(() => new Map(rowPositions().map(position => [position.key, position])))
  return { keys, fastScrollPositions, positionOf: (key: string) => positionByKey().get(key) }
}

export interface WholeRowsInput {
  positions: readonly RowPosition[]
  isFastScrolling: boolean
  /** Keys of the rows that are whole already. */
  before: readonly string[]
}

/** Returns the keys of the rows to render whole: all, or during fast scrolling those that are whole already. */
export function selectWholeRows({ positions, isFastScrolling, before }: WholeRowsInput): string[] {
  const keys = positions.map(({ key }) => key)
  return isFastScrolling ? keys.filter(key => before.includes(key)) : keys
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index])
}
