/** Where the page stands in time. */
export function TimeBar() {
  return null
}
