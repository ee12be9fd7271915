/** Deviations of a server that stands in for a store. The store itself may have none. */
export type Limitation =
  | 'writes in one step' // it overwrites an object while it is being read
  | 'the first byte alone' // it ignores the range 0-0
  | 'pages in order' // a later page may have keys that sort before those of an earlier one
