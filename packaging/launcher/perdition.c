/*
 * The commands perdition, perdition.pop3, ... as a program of their own.
 *
 * A script runs as its interpreter: /proc/PID/exe of every daemon is then python3.  Whoever looks for a daemon by its
 * executable does not find it: start-stop-daemon --exec in Debian's init script of perdition 2.2, an AppArmor profile,
 * a supervisor of processes.  This program has Python in it and does what the scripts do.
 *
 * PYTHON is the interpreter whose packages are used, that of a virtual environment too; the Makefile sets it.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#ifndef PYTHON
#error "compile with -DPYTHON='\"/path/of/python3\"'"
#endif

int main(int argc, char **argv)
{
	PyConfig config;
	PyStatus status;

	PyConfig_InitPythonConfig(&config);
	config.isolated = 1; /* what root starts takes no code from its environment or folder */
	config.use_environment = 0;
	config.user_site_directory = 0;
	config.parse_argv = 0; /* the options are perdition's */

	status = PyConfig_SetBytesString(&config, &config.executable, PYTHON);
	if (!PyStatus_Exception(status))
		status = PyConfig_SetBytesArgv(&config, argc, argv);
	if (!PyStatus_Exception(status))
		status = PyConfig_SetBytesString(&config, &config.run_command,
						 "from perdition.io_trio.main import main\nmain()\n");
	if (!PyStatus_Exception(status))
		status = Py_InitializeFromConfig(&config);
	PyConfig_Clear(&config);
	if (PyStatus_Exception(status))
		Py_ExitStatusException(status);
	return Py_RunMain();
}
