/** Formats a position in a queue: `next in the queue`, `3rd in the queue`. @param position from 1 */
export function formatQueuePosition(position: number): string {
  return `${position === 1 ? 'next' : formatOrdinal(position)} in the queue`
}

function formatOrdinal(position: number): string {
  const isTeen = position % 100 > 10 && position % 100 < 14
  const ending = isTeen ? undefined : ['', 'st', 'nd', 'rd'][position % 10]
  return `${position}${ending || 'th'}`
}
