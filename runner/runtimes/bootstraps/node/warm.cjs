'use strict';

exports.nothing = null;
