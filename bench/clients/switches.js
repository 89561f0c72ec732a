/** The options that turn the fast paths of Holdfast off; `undefined` while there is no such switch, and then there is no such row. */
export const fastPaths = { off: undefined }

/** The options that turn compression on in Holdfast; `undefined` while there are none, and then that cell is empty. */
export const compression = { on: undefined }
