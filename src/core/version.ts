/** Version of this copy of Holdfast. A test compares it with `package.json`. */
export const VERSION = '0.1.0'
