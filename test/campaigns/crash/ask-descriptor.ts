/** The file descriptor by which a process under test asks the harness. 0 to 3 are in use. */
export const askDescriptor = 4
