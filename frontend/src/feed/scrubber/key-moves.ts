/** Moves along the days by key. The newest day is last, at the bottom. */
const KEY_MOVES: Record<string, (index: number, last: number) => number> = {
  ArrowUp: index => index - 1,
  ArrowDown: index => index + 1,
  ArrowLeft: index => index - 1,
  ArrowRight: index => index + 1,
  PageUp: index => index - 30,
  PageDown: index => index + 30,
  Home: () => 0,
  End: (_, last) => last,
}

/** Returns the index of the day that a key moves to; undefined if the key moves nothing. */
export function indexAfterKey(key: string, index: number, last: number): number | undefined {
  const moved = KEY_MOVES[key]?.(index, last)
  return moved === undefined ? undefined : Math.min(Math.max(moved, 0), last)
}
