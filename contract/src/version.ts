/** Of the package: a test holds both to be the same. */
export const version = '0.1.0';
