// SPDX-License-Identifier: GPL-2.0-or-later
// The header by itself, from C++: compiled with -Wall -Wextra -pedantic, and linked.
#include "mktme-dax.h"
#include <cstring>

int main()
{
	mktme_dax_file_info info = {};

	info.version = MKTME_DAX_API_V1;
	return std::strlen(mktme_dax_version()) > 0 && mktme_dax_query(-1, &info) < 0 ? 0 : 1;
}
