/** Deviations of a server that stands in for a store. The store itself may have none. */
export type Limitation =
  | 'writes in one step' // it overwrites an object while it is being read
  | 'the first byte alone' // it ignores the range 0-0
  | 'the order of keys' // it lists them in any order, within a page and from page to page
