// Some packages export only an "import" condition; the second try finds those.
module.exports = (request, options) => {
  try {
    return options.defaultResolver(request, options);
  } catch (error) {
    const conditions = (options.conditions ?? []).map((condition) =>
      condition === 'require' ? 'import' : condition,
    );
    try {
      return options.defaultResolver(request, { ...options, conditions });
    } catch {
      throw error;
    }
  }
};
